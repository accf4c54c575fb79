'use client';
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JobView } from '../../server/jobs/job.ts';
import type { NodeProgress } from '../../server/jobs/progress.ts';
import { useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Bytes, Count } from '../ui/figures.tsx';
import { refreshMs } from './refresh.ts';
import { shareOf, TasksDone, WorkBar } from './work-bar.tsx';
import { WorkPanel } from './work-panel.tsx';

const column = columnsFor<NodeProgress>();
const columns = column.columns([
  column.accessor((row) => nodeName(row.node), {
    id: 'node',
    header: 'Node',
    sortFn: 'alphanumeric',
    cell: ({ row: { original }, getValue }) => (
      <>
        {getValue()}
        {original.locality !== '' && (
          <Text size="xs" c="dimmed" fw={400} style={{ overflowWrap: 'anywhere' }}>
            {original.locality}
          </Text>
        )}
      </>
    ),
  }),
  column.accessor(shareOf, {
    id: 'progress',
    header: 'Progress',
    cell: ({ row: { original } }) => (
      <WorkBar work={original} label={`Progress of ${nodeName(original.node)}`} />
    ),
    meta: { width: '200px', ownLine: true },
  }),
  column.accessor('tasksDone', {
    header: 'Tasks',
    cell: ({ row: { original } }) => <TasksDone work={original} />,
    meta: { align: 'right', width: '190px' },
  }),
  column.accessor('rows', {
    header: 'Rows',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '120px' },
  }),
  column.accessor('bytes', {
    header: 'Bytes',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '100px', wideOnly: true },
  }),
]);

function nodeName(node: string | null): string {
  return node === null ? 'any node' : `node ${node}`;
}

/** How far the tasks of each node are. */
export function JobNodes({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const nodes = useQuery(
    trpc.jobs.nodes.queryOptions({ id: job.id }, { refetchInterval: refreshMs(job.state) }),
  );
  return (
    <WorkPanel query={nodes} none="No task has been planned yet.">
      {(rows) => (
        <DataTable
          label="Nodes of the job"
          columns={columns}
          data={rows}
          rowId={({ node }) => node ?? ''}
          minWidth={600}
        />
      )}
    </WorkPanel>
  );
}
