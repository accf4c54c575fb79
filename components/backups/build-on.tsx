'use client';
import { Button } from '@mantine/core';
import { IconStackPush } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { beginBackupDraft } from '../backup/draft.ts';
import { backupPath } from '../clusters/paths.ts';
import { pickedToJson } from '../selection/picked.ts';
import { useTRPC } from '../trpc.ts';
import { pickedOf } from './picked-of.ts';

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
      onClick={() => {
        beginBackupDraft({
          cluster: cluster.name,
          picked: pickedToJson(pickedOf(backup)),
          bases: [...backup.chain.map(({ url }) => url), backup.url],
          also: backup.url,
        });
        router.push(`${backupPath(cluster.name)}&step=where`);
      }}
    >
      Incremental backup on this one
    </Button>
  );
}
