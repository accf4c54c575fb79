'use client';
import { Text } from '@mantine/core';
import type { ChangeMethod } from '../../server/cluster/cluster.ts';

const METHOD: Record<ChangeMethod, string> = {
  feed: 'Changes, as the cluster tells them',
  comparison: 'Changes, found by comparing ranges',
  whole: 'All of it',
};

/** How a table is in an incremental backup, and why; null for one that is there whole. */
export function StoredAs({ changes }: { changes: { method: ChangeMethod; reason: string | null } | null }) {
  return (
    <>
      {METHOD[changes?.method ?? 'whole']}
      {changes !== null && changes.reason !== null && (
        <Text size="xs" c="dimmed">
          {changes.reason}
        </Text>
      )}
    </>
  );
}
