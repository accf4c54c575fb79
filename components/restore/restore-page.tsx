'use client';
import { Button, Card, Skeleton, Stack, Title } from '@mantine/core';
import { skipToken, useQuery } from '@tanstack/react-query';
import { useRouter, useSearchParams } from 'next/navigation';
import { KnownBackups } from '../backups/known-backups.tsx';
import { OpenBackup } from '../backups/open-backup.tsx';
import { isAddressable, restorePath } from '../backups/paths.ts';
import { useTRPC } from '../trpc.ts';
import { useIsClient } from '../ui/clock.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { RestoreWizard } from './restore-wizard.tsx';

/** Without a backup in the address: which one. With one: what of it, where to, review. */
export function RestorePage() {
  const trpc = useTRPC();
  const client = useIsClient();
  const router = useRouter();
  const asked = useSearchParams().get('url');
  const url = asked !== null && isAddressable(asked) ? asked : null;
  const backup = useQuery(
    trpc.backups.inspect.queryOptions(url === null ? skipToken : { url }, { staleTime: 60_000 }),
  );
  const clusters = useQuery(trpc.clusters.list.queryOptions());
  return (
    <>
      <PageHeader
        title="Restore"
        description={
          url === null
            ? 'Choose a backup. Nothing is written before you have seen the plan.'
            : 'Choose what to restore and where to. Existing tables are never overwritten.'
        }
        actions={
          url === null ? undefined : (
            <Button variant="default" onClick={() => router.push('/restore')}>
              Another backup
            </Button>
          )
        }
      />
      {url === null ? (
        <ChooseBackup />
      ) : backup.error !== null && backup.data === undefined ? (
        <Stack gap="lg">
          <ErrorAlert error={backup.error} onRetry={() => void backup.refetch()} />
          <ChooseBackup initial={url} />
        </Stack>
      ) : clusters.error !== null && clusters.data === undefined ? (
        <ErrorAlert error={clusters.error} onRetry={() => void clusters.refetch()} />
      ) : !client || backup.data === undefined || clusters.data === undefined ? (
        <Stack gap="lg" aria-busy aria-label="Reading the backup">
          <Skeleton h={44} />
          <Skeleton h={420} />
        </Stack>
      ) : (
        <RestoreWizard key={backup.data.url} backup={backup.data} clusters={clusters.data} />
      )}
    </>
  );
}

function ChooseBackup({ initial = '' }: { initial?: string }) {
  const trpc = useTRPC();
  const router = useRouter();
  const known = useQuery(trpc.backups.list.queryOptions());
  return (
    <Stack gap="lg">
      <Card padding="md" component="section" aria-label="Choose a backup">
        <OpenBackup
          button="Choose"
          initial={initial}
          onOpened={(backup) => router.push(restorePath(backup.url))}
        />
      </Card>
      {known.data !== undefined && known.data.length > 0 && (
        <Stack gap="xs" component="section" aria-label="Known backups">
          <Title order={2}>Known backups</Title>
          <KnownBackups backups={known.data} />
        </Stack>
      )}
      {known.isPending && <Skeleton h={200} radius="md" aria-busy aria-label="Loading backups" />}
    </Stack>
  );
}
