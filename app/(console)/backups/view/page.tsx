import type { Metadata } from 'next';
import { Suspense } from 'react';
import { BackupViewPage } from '../../../../components/backups/backup-view-page.tsx';

export const metadata: Metadata = { title: 'Backup' };

export default function Page() {
  return (
    <Suspense>
      <BackupViewPage />
    </Suspense>
  );
}
