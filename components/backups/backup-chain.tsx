'use client';
import { Alert, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { LayerList } from './layer-list.tsx';
import { openable } from './opened-with.ts';
import { Loading } from '../ui/loading.tsx';

/** The layers that an incremental backup needs to be restored, as they are where it recorded them. */
export function BackupChain({ backup }: { backup: BackupSummary }) {
  const trpc = useTRPC();
  const chain = useQuery(
    trpc.backups.chain.queryOptions({ url: openable(backup.url) }, { staleTime: 10_000 }),
  );
  const lost = chain.data?.filter(({ problem }) => problem !== null).length ?? 0;
  return (
    <Stack gap="xs" component="section" aria-label="Chain">
      <Title order={2}>Chain</Title>
      <Text size="sm" c="dimmed">
        A restore reads all of these, oldest to newest: each has only what changed since the one before it.
      </Text>
      {lost > 0 && (
        <Alert
          color="red"
          role="alert"
          icon={<IconAlertTriangle />}
          title="The chain is not whole: this backup can’t be restored"
        >
          Bring what is missing back to where it was. The layers before it can still be restored.
        </Alert>
      )}
      {chain.data !== undefined ? (
        <LayerList layers={chain.data} label="Layers of the chain" current={backup.url} />
      ) : chain.error !== null ? (
        <ErrorAlert error={chain.error} onRetry={() => void chain.refetch()} />
      ) : (
        <Loading h={120} label="Looking the chain up" />
      )}
    </Stack>
  );
}
