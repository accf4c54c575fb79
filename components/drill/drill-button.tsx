'use client';
import { Button, Group, Modal, Skeleton, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconLifebuoy } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { openable } from '../backups/opened-with.ts';
import { ClusterChoice } from '../clusters/cluster-choice.tsx';
import { formatBytes } from '../format.ts';
import type { Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';

type Cluster = Outputs['clusters']['list'][number];

/** The way to a drill of a backup. */
export function DrillButton({ backup }: { backup: BackupSummary }) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" leftSection={<IconLifebuoy size={16} aria-hidden />} onClick={open}>
        Drill
      </Button>
      <DrillDialog backup={backup} opened={opened} onClose={close} />
    </>
  );
}

/** Asks where a backup is to be restored for a trial, and begins; the job’s page shows the rest. */
export function DrillDialog({
  backup,
  opened,
  onClose,
}: {
  backup: BackupSummary;
  opened: boolean;
  onClose: () => void;
}) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [chosen, setChosen] = useState<string | null>(null);
  const clusters = useQuery(trpc.clusters.list.queryOptions(undefined, { enabled: opened }));
  const start = useMutation(trpc.drills.start.mutationOptions());
  const cluster = chosen ?? (clusters.data === undefined ? null : bestFor(backup, clusters.data));

  function onStart() {
    if (cluster === null) return;
    start.mutate(
      { url: openable(backup.url), cluster },
      {
        onSuccess: ({ jobId }) => {
          void queryClient.invalidateQueries(trpc.jobs.pathFilter());
          router.push(`/jobs/${jobId}`);
        },
      },
    );
  }

  return (
    <Modal opened={opened} onClose={onClose} title="Drill: restore this backup for a trial" size="lg">
      <Stack gap="md">
        <Text size="sm">
          All of it is restored for real, into scratch databases that nobody else uses. Its rows, keys,
          indexes and foreign keys are then compared with the backup, the time is taken, and the scratch
          databases are dropped. It takes about {formatBytes(backup.totals.rawBytes)} of room, and as long as
          a restore would, and then as long again for reading back.
        </Text>
        {clusters.error !== null ? (
          <ErrorAlert error={clusters.error} onRetry={() => void clusters.refetch()} />
        ) : clusters.data === undefined ? (
          <Skeleton h={120} radius="md" />
        ) : (
          <ClusterChoice
            label="On cluster"
            clusters={clusters.data}
            value={cluster}
            onChange={setChosen}
            drawback={(each) => drawbackOf(each, backup)}
          />
        )}
        {start.error !== null && <ErrorAlert error={start.error} title="It was not begun" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={cluster === null} loading={start.isPending || start.isSuccess} onClick={onStart}>
            Start drill
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Not where applications are, if it can be helped: the embedded server first, then the backup’s own cluster, then any. */
function bestFor(backup: BackupSummary, clusters: readonly Cluster[]): string | null {
  const fit = clusters.filter((each) => fits(each, backup));
  const best = fit.find(({ embedded }) => embedded) ?? fit.find((each) => isSource(each, backup)) ?? fit[0];
  return best?.name ?? null;
}

function fits(cluster: Cluster, { cluster: { kind } }: BackupSummary): boolean {
  const runs = kind === 'simulated' ? 'postgres' : kind;
  return cluster.status === 'up' && cluster.info.restore.available && cluster.info.kind === runs;
}

function isSource(cluster: Cluster, backup: BackupSummary): boolean {
  return cluster.status === 'up' && cluster.info.identity === backup.cluster.identity;
}

function drawbackOf(cluster: Cluster, backup: BackupSummary): string | null {
  if (cluster.status !== 'up') return null;
  if (!cluster.info.restore.available) return cluster.info.restore.reason;
  if (!fits(cluster, backup)) return 'It runs another kind of database than the backup is of.';
  return isSource(cluster, backup)
    ? 'The backup is of this cluster: the drill shares it with applications.'
    : null;
}
