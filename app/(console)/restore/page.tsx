import type { Metadata } from 'next';
import { Suspense } from 'react';
import { RestorePage } from '../../../components/restore/restore-page.tsx';

export const metadata: Metadata = { title: 'Restore' };

export default function Page() {
  return (
    <Suspense>
      <RestorePage />
    </Suspense>
  );
}
