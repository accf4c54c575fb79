'use client';
import { Badge, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import type { EngineProgress } from '../../server/jobs/progress.ts';
import { useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Age, Bytes, Count } from '../ui/figures.tsx';
import { refreshMs } from './refresh.ts';
import { figureColumns } from './work-columns.tsx';
import { WorkPanel } from './work-panel.tsx';

const column = columnsFor<EngineProgress>();
const columns = column.columns([
  column.accessor('name', {
    header: 'Engine',
    sortFn: 'alphanumeric',
    cell: ({ row: { original } }) => <EngineCell engine={original} />,
  }),
  column.accessor('alive', {
    header: 'State',
    cell: ({ row: { original } }) => <Liveness engine={original} />,
    meta: { width: '150px' },
  }),
  column.accessor('tasksRunning', {
    header: 'Running',
    cell: ({ row: { original } }) => (
      <span className="tabular">
        {original.tasksRunning}
        {original.capacity !== null && ` of ${original.capacity}`}
      </span>
    ),
    meta: { align: 'right', width: '100px' },
  }),
  column.accessor('tasksDone', {
    header: 'Done',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '90px' },
  }),
  ...figureColumns<EngineProgress>(),
  column.accessor('storedBytes', {
    header: 'Stored',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '100px', wideOnly: true },
  }),
]);

function EngineCell({ engine: { name, locality, coordinates } }: { engine: EngineProgress }) {
  return (
    <Stack gap={2}>
      <Group gap={6}>
        <span style={{ overflowWrap: 'anywhere' }}>{name}</span>
        {coordinates && <Badge color="kelp">coordinator</Badge>}
      </Group>
      {locality !== '' && (
        <Text size="xs" c="dimmed" fw={400} style={{ overflowWrap: 'anywhere' }}>
          {locality}
        </Text>
      )}
    </Stack>
  );
}

function Liveness({ engine: { alive, seenAt } }: { engine: EngineProgress }) {
  if (alive) return <Badge color="green">there</Badge>;
  return (
    <Stack gap={2}>
      <Badge color="gray">gone</Badge>
      {seenAt !== null && (
        <Text size="xs" c="dimmed">
          seen <Age at={seenAt} />
        </Text>
      )}
    </Stack>
  );
}

/** What each engine does and has done for the job. */
export function JobEngines({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const engines = useQuery(
    trpc.jobs.engines.queryOptions({ id: job.id }, { refetchInterval: refreshMs(job.state) }),
  );
  return (
    <WorkPanel
      query={engines}
      none={
        isFinal(job.state)
          ? 'No engine worked on this job.'
          : 'No engine is there. Start one: npm run engine.'
      }
    >
      {(rows) => (
        <Stack gap="xs">
          <DataTable
            label="Engines of the job"
            columns={columns}
            data={rows}
            rowId={({ name }) => name}
            minWidth={640}
          />
          {!isFinal(job.state) && (
            <Text size="sm" c="dimmed">
              Another engine takes its share at once: npm run engine, on any machine that reaches the metadata
              store.
            </Text>
          )}
        </Stack>
      )}
    </WorkPanel>
  );
}
