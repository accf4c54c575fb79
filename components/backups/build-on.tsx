'use client';
import { Button } from '@mantine/core';
import { IconStackPush } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { useTRPC } from '../trpc.ts';
import { beginIncremental } from './begin-incremental.ts';

/** Opens the wizard with an incremental backup of the same objects on this one; not there where that can't be made. */
export function BuildOn({ backup }: { backup: BackupSummary }) {
  const trpc = useTRPC();
  const router = useRouter();
  const clusters = useQuery(trpc.clusters.list.queryOptions());
  const same = (clusters.data ?? []).filter(
    (each) =>
      each.status === 'up' &&
      each.info.incremental.available &&
      each.info.identity === backup.cluster.identity,
  );
  // One cluster may be registered under several names.
  const cluster = same.find(({ name }) => name === backup.cluster.name) ?? same[0];
  if (cluster === undefined) return null;
  return (
    <Button
      variant="default"
      leftSection={<IconStackPush size={16} aria-hidden />}
      onClick={() => router.push(beginIncremental(cluster.name, backup))}
    >
      Incremental backup on this one
    </Button>
  );
}
