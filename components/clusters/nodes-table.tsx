'use client';
import { Badge, Text } from '@mantine/core';
import type { ClusterNode } from '../../server/cluster/cluster.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';

const column = columnsFor<ClusterNode>();
const columns = column.columns([
  column.accessor('id', { header: 'Node', sortFn: 'alphanumeric', meta: { width: '90px' } }),
  column.accessor('address', {
    header: 'Address',
    cell: ({ getValue }) => <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>,
  }),
  column.accessor('locality', {
    header: 'Locality',
    cell: ({ getValue }) => (getValue() === '' ? '–' : getValue()),
    meta: { wideOnly: true },
  }),
  column.accessor('direct', {
    header: 'Read',
    cell: ({ getValue }) => (getValue() ? 'directly' : 'through the gateway'),
    meta: { width: '180px', wideOnly: true },
  }),
  column.accessor('live', {
    header: 'State',
    cell: ({ getValue }) => (
      <Badge color={getValue() ? 'green' : 'red'}>{getValue() ? 'live' : 'not live'}</Badge>
    ),
    meta: { width: '110px' },
  }),
]);

/** A cluster's nodes: which are live, and how their ranges are read. */
export function NodesTable({ cluster, nodes }: { cluster: string; nodes: readonly ClusterNode[] }) {
  const indirect = nodes.filter((node) => node.live && !node.direct);
  return (
    <>
      <DataTable
        label={`Nodes of ${cluster}`}
        columns={columns}
        data={nodes}
        rowId={({ id }) => id}
        minWidth={320}
      />
      {indirect.length > 0 && (
        <Text size="sm" c="dimmed">
          {indirect.length === nodes.length
            ? 'The nodes’ own addresses can’t be reached from here'
            : `The own ${indirect.length === 1 ? 'address of node' : 'addresses of nodes'} ${indirect.map(({ id }) => id).join(', ')} can’t be reached from here`}
          : their ranges are read through the URL’s address, the gateway. That is right, and slower.
        </Text>
      )}
    </>
  );
}
