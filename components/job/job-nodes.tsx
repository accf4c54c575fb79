'use client';
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JobView } from '../../server/jobs/job.ts';
import type { NodeProgress } from '../../server/jobs/progress.ts';
import { useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { refreshMs } from './refresh.ts';
import { workColumns } from './work-columns.tsx';
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
  ...workColumns<NodeProgress>(({ node }) => nodeName(node), '190px'),
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
