import type { Metadata } from 'next';
import { Suspense } from 'react';
import { ObjectPage } from '../../../../components/backups/object/object-page.tsx';

export const metadata: Metadata = { title: 'Object of a backup' };

export default function Page() {
  return (
    <Suspense>
      <ObjectPage />
    </Suspense>
  );
}
