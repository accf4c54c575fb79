'use client';
import { Card, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { formatBytes, formatDuration, percentOf } from '../format.ts';
import { KIND_WORDS } from '../jobs/kinds.ts';
import { useNow } from '../ui/clock.ts';
import { Bytes, Count } from '../ui/figures.tsx';
import { ranFor, rateNow, roughly, timeLeft } from './pace.ts';
import type { JobStreamSnapshot } from './stream.ts';

const COLORS = { succeeded: 'green', failed: 'red', canceled: 'gray', paused: 'yellow' } as const;

/** The bar, and the figures under it. */
export function JobProgress({ job, stream }: { job: JobView; stream: JobStreamSnapshot }) {
  const now = useNow();
  const words = KIND_WORDS[job.kind];
  const ended = isFinal(job.state);
  const percent = percentOf(job.fraction);
  const until = job.finishedAt === null ? now : Date.parse(job.finishedAt);
  const took = job.startedAt === null ? null : Math.max(0, until - Date.parse(job.startedAt));
  // Where the events are not there yet: with its pauses.
  const ran = stream.states.length === 0 ? took : ranFor(stream.states, until);
  const average = ran === null || ran === 0 ? null : (job.bytes * 1000) / ran;
  const color = job.state in COLORS ? COLORS[job.state as keyof typeof COLORS] : undefined;
  return (
    <Card component="section" aria-label="Progress">
      <Stack gap="md">
        <Group justify="space-between" align="baseline">
          <Text className="tabular" fz={28} fw={650} lh={1}>
            {percent} %
          </Text>
          <Text c="dimmed" size="sm" role="status">
            {statusOf(job)}
          </Text>
        </Group>
        <Progress
          value={percent}
          size="lg"
          color={color}
          animated={job.state === 'running'}
          aria-label="Job progress"
        />
        <SimpleGrid cols={{ base: 2, xs: 3, md: 4, lg: ended ? 5 : 7 }} spacing="md" verticalSpacing="md">
          <Figure label="Rows">
            <Count value={job.rows} />
          </Figure>
          <Figure label={words.bytes}>
            <Bytes value={job.bytes} />
          </Figure>
          <Figure label={words.storedBytes}>
            <Bytes value={job.storedBytes} />
          </Figure>
          {!ended && <Now job={job} stream={stream} now={now} />}
          <Figure label="On average">{perSecond(average)}</Figure>
          <Figure label={ended ? 'Took' : 'Since it started'}>
            {took === null ? '–' : formatDuration(took)}
          </Figure>
          {job.attempt > 1 && <Figure label="Attempt">{job.attempt}</Figure>}
        </SimpleGrid>
      </Stack>
    </Card>
  );
}

/** How fast it is right now, and what that makes of the time that is left. */
function Now({ job, stream, now }: { job: JobView; stream: JobStreamSnapshot; now: number }) {
  const runs = job.state === 'running';
  const silent = stream.heardAt === null ? 0 : Math.max(0, now - stream.heardAt);
  const left = runs ? roughly(timeLeft(job.fraction, stream.speed, silent)) : null;
  return (
    <>
      <Figure label="Now">{runs ? perSecond(rateNow(stream.rate, silent)) : '–'}</Figure>
      <Figure label="Time left">{left ?? (runs ? 'not known' : '–')}</Figure>
    </>
  );
}

function perSecond(rate: number | null): string {
  return rate === null ? '–' : `${formatBytes(rate)}/s`;
}

function statusOf(job: JobView): string {
  switch (job.state) {
    case 'pending':
      return 'waiting for an engine to take it';
    case 'pause-requested':
      return 'pausing: its tasks stop where they are';
    case 'paused':
      return 'paused';
    case 'resuming':
      return 'waiting for an engine to take it up again';
    case 'cancel-requested':
      return 'canceling: its tasks stop, then what it wrote is removed';
    case 'reverting':
      return 'removing what it wrote';
    case 'running':
      return job.runningStatus ?? '';
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
