import type { Metadata } from 'next';
import { Suspense } from 'react';
import { BackupPage } from '../../../components/backup/backup-page.tsx';

export const metadata: Metadata = { title: 'Back up' };

export default function Page() {
  return (
    <Suspense>
      <BackupPage />
    </Suspense>
  );
}
