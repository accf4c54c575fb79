'use client';
import { Card, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { formatBytes, formatDuration, percentOf } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { Bytes, Count } from '../ui/figures.tsx';
import { timeLeft } from './stream.ts';

const COLORS = { succeeded: 'green', failed: 'red', canceled: 'gray' } as const;

/** The bar, and the figures under it. */
export function JobProgress({ job, rate }: { job: JobView; rate: number | null }) {
  const now = useNow();
  const ended = isFinal(job.state);
  const percent = percentOf(job.fraction);
  const until = job.finishedAt === null ? now : Date.parse(job.finishedAt);
  const took = job.startedAt === null ? null : Math.max(0, until - Date.parse(job.startedAt));
  const average = took === null || took === 0 ? null : (job.bytes * 1000) / took;
  const left = ended ? null : timeLeft(job, rate);
  const color = job.state in COLORS ? COLORS[job.state as keyof typeof COLORS] : undefined;
  return (
    <Card component="section" aria-label="Progress">
      <Stack gap="md">
        <Group justify="space-between" align="baseline">
          <Text className="tabular" fz={28} fw={650} lh={1}>
            {percent} %
          </Text>
          <Text c="dimmed" size="sm" role="status">
            {ended ? '' : (job.runningStatus ?? waitingFor(job))}
          </Text>
        </Group>
        <Progress
          value={percent}
          size="lg"
          color={color}
          animated={job.state === 'running'}
          aria-label="Job progress"
        />
        <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="md" verticalSpacing="md">
          <Figure label="Rows">
            <Count value={job.rows} />
          </Figure>
          <Figure label={job.kind === 'BACKUP' ? 'Read' : 'Loaded'}>
            <Bytes value={job.bytes} />
          </Figure>
          <Figure label={job.kind === 'BACKUP' ? 'Written' : 'Fetched'}>
            <Bytes value={job.storedBytes} />
          </Figure>
          <Figure label={ended ? 'Average rate' : 'Rate'}>
            {perSecond(ended ? average : (rate ?? average))}
          </Figure>
          <Figure label={ended ? 'Took' : 'Running for'}>{took === null ? '–' : formatDuration(took)}</Figure>
          {!ended && (
            <Figure label="Time left">{left === null ? 'not known yet' : `≈ ${formatDuration(left)}`}</Figure>
          )}
        </SimpleGrid>
      </Stack>
    </Card>
  );
}

function perSecond(rate: number | null): string {
  return rate === null ? '–' : `${formatBytes(rate)}/s`;
}

function waitingFor(job: JobView): string {
  switch (job.state) {
    case 'pending':
      return 'waiting for an engine to take it';
    case 'cancel-requested':
      return 'canceling: what it wrote is being removed';
    case 'reverting':
      return 'removing what it wrote';
    default:
      return '';
  }
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={2}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600} className="tabular" component="div">
        {children}
      </Text>
    </Stack>
  );
}
