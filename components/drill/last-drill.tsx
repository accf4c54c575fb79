'use client';
import { Anchor, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { formatDuration, plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { Age } from '../ui/figures.tsx';

/** When a backup was restored last for a trial, and what came of it: one line. */
export function LastDrill({ backupId }: { backupId: string }) {
  const trpc = useTRPC();
  const last = useQuery(trpc.drills.last.queryOptions({ backupId }, { staleTime: 0 })).data;
  if (last === undefined) return '…';
  if (last === null) return 'never';
  const { outcome, figures, finishedAt, jobId, cluster } = last;
  return (
    <>
      <Age at={finishedAt} />, on {cluster}:{' '}
      <Text span inherit fw={600} c={outcome === 'passed' ? 'green' : 'red'}>
        {outcome === 'passed' ? 'passed' : `failed, ${plural(figures.findings, 'finding')}`}
      </Text>
      {figures.restoreMs !== undefined && `, restored in ${formatDuration(figures.restoreMs)}`} (
      <Anchor component={Link} href={`/jobs/${jobId}`} underline="always" inherit>
        job {jobId}
      </Anchor>
      )
    </>
  );
}
