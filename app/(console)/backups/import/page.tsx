import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ImportPage } from '../../../../components/imports/import-page.tsx';

export const metadata: Metadata = { title: 'Import backups' };

export default function Page() {
  return (
    <Suspense>
      <ImportPage />
    </Suspense>
  );
}
