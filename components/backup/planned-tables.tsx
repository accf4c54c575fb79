'use client';
import type { PlannedNode, PlannedTable } from '../../server/backup/selection.ts';
import { nameKey, printName } from '../../server/cluster/names.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Bytes, Count } from '../ui/figures.tsx';

const node = columnsFor<PlannedNode>();
const nodeColumns = node.columns([
  node.accessor('id', { header: 'Node', meta: { width: '90px' } }),
  node.accessor('address', { header: 'Address' }),
  node.accessor('locality', {
    header: 'Locality',
    cell: ({ getValue }) => (getValue() === '' ? '–' : getValue()),
    meta: { wideOnly: true },
  }),
  node.accessor('ranges', {
    header: 'Ranges',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '110px' },
  }),
  node.accessor('bytes', {
    header: 'Estimated size',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '150px' },
  }),
]);

/** Who reads what: each node its own ranges. */
export function PlannedNodes({ nodes }: { nodes: readonly PlannedNode[] }) {
  return (
    <DataTable
      label="Nodes of the plan"
      columns={nodeColumns}
      data={nodes}
      rowId={({ id }) => id}
      minWidth={420}
    />
  );
}

const table = columnsFor<PlannedTable>();
const tableColumns = table.columns([
  table.accessor((row) => printName(row.name), { id: 'table', header: 'Table' }),
  table.accessor('ranges', {
    header: 'Ranges',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '110px', wideOnly: true },
  }),
  table.accessor('rows', {
    header: 'Rows',
    cell: ({ getValue }) => <Count value={getValue()} estimate />,
    meta: { align: 'right', width: '130px' },
  }),
  table.accessor('bytes', {
    header: 'Estimated size',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '150px' },
  }),
]);

export function PlannedTables({ tables }: { tables: readonly PlannedTable[] }) {
  return (
    <DataTable
      label="Tables of the plan"
      columns={tableColumns}
      data={tables}
      rowId={({ name }) => nameKey(name)}
      minWidth={420}
    />
  );
}
