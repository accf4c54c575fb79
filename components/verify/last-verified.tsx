'use client';
import { Alert, Anchor, Stack, Text } from '@mantine/core';
import { IconShieldX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import type { VerifyView } from '../../server/trpc/verifies.ts';
import { plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { Age } from '../ui/figures.tsx';
import { Findings } from './findings.tsx';
import { DEPTH_WORDS } from './words.ts';

function useLast(backupId: string): VerifyView | null | undefined {
  const trpc = useTRPC();
  return useQuery(trpc.verifies.last.queryOptions({ backupId }, { staleTime: 0 })).data;
}

/** When a backup was verified last, how thoroughly, and how it was found: one line. */
export function LastVerified({ backupId }: { backupId: string }) {
  const last = useLast(backupId);
  if (last === undefined) return '…';
  if (last === null) return 'never';
  const { outcome, depth, figures, finishedAt, jobId } = last;
  return (
    <>
      <Age at={finishedAt} />, by its {DEPTH_WORDS[depth].label.toLowerCase()}:{' '}
      <Text span inherit fw={600} c={outcome === 'sound' ? 'green' : 'red'}>
        {outcome === 'sound' ? 'sound' : `damaged, ${plural(figures.findings, 'finding')}`}
      </Text>{' '}
      (
      <Anchor component={Link} href={`/jobs/${jobId}`} underline="always" inherit>
        job {jobId}
      </Anchor>
      )
    </>
  );
}

/** What the last verify found wrong with a backup; nothing where it is sound, or was never verified. */
export function LastDamage({ backupId }: { backupId: string }) {
  const last = useLast(backupId);
  if (last?.outcome !== 'damaged') return null;
  return (
    <Alert
      color="red"
      role="alert"
      icon={<IconShieldX />}
      title={`Damaged when it was verified last: ${plural(last.figures.findings, 'finding')}`}
    >
      <Stack gap="xs">
        <Text size="sm">
          Don’t restore from it: use another backup, or another copy of this one. Verify again once it is
          mended.
        </Text>
        <Findings verify={last} />
      </Stack>
    </Alert>
  );
}
