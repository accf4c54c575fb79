'use client';
import { Button, Card, EmptyState, Stack } from '@mantine/core';
import { IconArchive } from '@tabler/icons-react';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { ImportButton } from './import-button.tsx';
import { KnownBackups } from './known-backups.tsx';
import { OpenBackup } from './open-backup.tsx';
import { viewPath } from './paths.ts';
import { SearchKnown } from './search-known.tsx';
import { useKnownBackups } from './use-known.ts';
import { Loading } from '../ui/loading.tsx';

export function BackupsPage() {
  const router = useRouter();
  const { text, setText, known, none } = useKnownBackups({ refetchInterval: 15_000 });
  return (
    <>
      <PageHeader
        title="Backups"
        description="Backups that were made here or imported, and any other whose URL you know."
        actions={
          <>
            <Button component={Link} href="/backup">
              Make a backup
            </Button>
            <ImportButton />
          </>
        }
      />
      <Stack gap="lg">
        <Card padding="md" component="section" aria-label="Open a backup">
          <OpenBackup button="Open" onOpened={(backup) => router.push(viewPath(backup.url))} />
        </Card>
        {known.error !== null && known.data === undefined ? (
          <ErrorAlert error={known.error} onRetry={() => void known.refetch()} />
        ) : known.data === undefined ? (
          <Loading h={260} label="Loading backups" />
        ) : none ? (
          <EmptyState
            py="xl"
            icon={<IconArchive aria-hidden />}
            title="No backups yet"
            description="Backups that are made here, or by psql, are listed from then on. Those that lie at a destination already can be imported."
          />
        ) : (
          <Stack gap="sm">
            <SearchKnown value={text} onChange={setText} found={known.data} />
            {known.data.backups.length > 0 && <KnownBackups backups={known.data.backups} />}
          </Stack>
        )}
      </Stack>
    </>
  );
}
