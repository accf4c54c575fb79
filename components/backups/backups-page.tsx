'use client';
import { Button, Card, EmptyState, Stack } from '@mantine/core';
import { IconArchive } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { KnownBackups } from './known-backups.tsx';
import { OpenBackup } from './open-backup.tsx';
import { viewPath } from './paths.ts';
import { Loading } from '../ui/loading.tsx';

export function BackupsPage() {
  const trpc = useTRPC();
  const router = useRouter();
  const backups = useQuery(trpc.backups.list.queryOptions(undefined, { refetchInterval: 15_000 }));
  return (
    <>
      <PageHeader
        title="Backups"
        description="Backups that this console made, and any other whose URL you know."
        actions={
          <Button component={Link} href="/backup">
            Make a backup
          </Button>
        }
      />
      <Stack gap="lg">
        <Card padding="md" component="section" aria-label="Open a backup">
          <OpenBackup button="Open" onOpened={(backup) => router.push(viewPath(backup.url))} />
        </Card>
        {backups.error !== null && backups.data === undefined ? (
          <ErrorAlert error={backups.error} onRetry={() => void backups.refetch()} />
        ) : backups.data === undefined ? (
          <Loading h={260} label="Loading backups" />
        ) : backups.data.length === 0 ? (
          <EmptyState
            py="xl"
            icon={<IconArchive aria-hidden />}
            title="No backups yet"
            description="Backups that are made here, or by psql, are listed from then on."
          />
        ) : (
          <KnownBackups backups={backups.data} />
        )}
      </Stack>
    </>
  );
}
