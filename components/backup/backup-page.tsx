'use client';
import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';
import { useIsClient } from '../ui/clock.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { BackupWizard } from './backup-wizard.tsx';

export function BackupPage() {
  const trpc = useTRPC();
  const client = useIsClient();
  const clusters = useQuery(trpc.clusters.list.queryOptions());
  return (
    <>
      <PageHeader
        title="Back up"
        description="Choose databases, tables and views: all of them, or what changed since an earlier backup, is written as of one moment."
      />
      {clusters.error !== null && clusters.data === undefined ? (
        <ErrorAlert error={clusters.error} onRetry={() => void clusters.refetch()} />
      ) : !client || clusters.data === undefined ? (
        <Stack gap="lg" role="status" aria-busy aria-label="Loading">
          <Skeleton h={44} />
          <Skeleton h={420} />
        </Stack>
      ) : (
        <BackupWizard clusters={clusters.data} />
      )}
    </>
  );
}
