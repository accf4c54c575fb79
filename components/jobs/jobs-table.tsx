'use client';
import { Anchor, Group, Progress, Stack, Text, VisuallyHidden } from '@mantine/core';
import Link from 'next/link';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { formatDuration, percentOf } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Age, Bytes, Count } from '../ui/figures.tsx';
import { StateBadge } from '../ui/states.tsx';
import { JobMenu } from './job-menu.tsx';
import { KIND_WORDS } from './kinds.ts';
import classes from './jobs-table.module.css';

const column = columnsFor<JobView>();
const columns = column.columns([
  column.accessor('statement', {
    header: 'Job',
    cell: ({ row: { original } }) => <JobCell job={original} />,
  }),
  column.accessor('state', {
    header: 'State',
    cell: ({ row: { original } }) => <StateCell job={original} />,
    meta: { width: '164px' },
  }),
  column.accessor('createdAt', {
    header: 'When',
    cell: ({ getValue }) => <Age at={getValue()} />,
    meta: { width: '120px', wideOnly: true },
  }),
  column.display({
    id: 'took',
    header: 'Took',
    cell: ({ row: { original } }) => <Took job={original} />,
    meta: { align: 'right', width: '120px', wideOnly: true },
  }),
  column.accessor('rows', {
    header: 'Rows',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '110px', wideOnly: true },
  }),
  column.accessor('bytes', {
    header: 'Bytes',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '100px', wideOnly: true },
  }),
  column.display({
    id: 'actions',
    header: () => <VisuallyHidden>Actions</VisuallyHidden>,
    cell: ({ row: { original } }) => <JobMenu job={original} />,
    meta: { align: 'right', width: '60px' },
  }),
]);

/** Jobs in the order given. */
export function JobsTable({ jobs, label = 'Jobs' }: { jobs: readonly JobView[]; label?: string }) {
  return (
    <DataTable
      label={label}
      columns={columns}
      data={jobs}
      rowId={({ id }) => id}
      sortable={false}
      rowHeight={66}
      minWidth={600}
    />
  );
}

function JobCell({ job }: { job: JobView }) {
  return (
    <Stack gap={2} className={classes.job}>
      <Group gap={6}>
        <Anchor component={Link} href={`/jobs/${job.id}`} fw={600} size="sm">
          {KIND_WORDS[job.kind].one} <span className="tabular">{job.id}</span>
        </Anchor>
        {job.cluster !== null && (
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            cluster {job.cluster}
          </Text>
        )}
      </Group>
      <Text size="xs" c="dimmed" className={classes.statement} title={job.statement}>
        {job.statement}
      </Text>
    </Stack>
  );
}

function StateCell({ job }: { job: JobView }) {
  if (isFinal(job.state)) return <StateBadge state={job.state} />;
  const percent = percentOf(job.fraction);
  return (
    <Stack gap={4}>
      <Group gap="xs" wrap="nowrap" justify="space-between">
        <StateBadge state={job.state} />
        <Text size="xs" c="dimmed" className="tabular">
          {percent} %
        </Text>
      </Group>
      <Progress
        value={percent}
        size="xs"
        color={job.state === 'paused' ? 'yellow' : undefined}
        aria-label={`Progress of job ${job.id}`}
      />
      {job.state === 'paused' && <Text size="xs">waits for you</Text>}
    </Stack>
  );
}

function Took({ job }: { job: JobView }) {
  const now = useNow();
  if (job.startedAt === null) return '–';
  const until = job.finishedAt === null ? now : Date.parse(job.finishedAt);
  return <span className="tabular">{formatDuration(Math.max(0, until - Date.parse(job.startedAt)))}</span>;
}
