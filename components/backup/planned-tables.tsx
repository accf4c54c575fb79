'use client';
import type { PlannedNode, PlannedTable } from '../../server/backup/selection.ts';
import { nameKey, printName } from '../../server/cluster/names.ts';
import { StoredAs } from '../backups/stored-as.tsx';
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
const commonColumns = table.columns([
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
]);

function size(wideOnly: boolean) {
  return table.accessor('bytes', {
    header: 'Estimated size',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '150px', wideOnly },
  });
}

const tableColumns = [...commonColumns, ...table.columns([size(false)])];

/** On a phone what is stored counts for more than the size of the table. */
const layerColumns = [
  ...commonColumns,
  ...table.columns([
    size(true),
    table.display({
      id: 'changes',
      header: 'What is stored',
      cell: ({ row }) => <StoredAs changes={row.original.changes} />,
      meta: { width: '38%', ownLine: true },
    }),
  ]),
];

/** What each table comes to; of an incremental backup also what is stored of it, and why. */
export function PlannedTables({
  tables,
  incremental,
}: {
  tables: readonly PlannedTable[];
  incremental: boolean;
}) {
  return (
    <DataTable
      label="Tables of the plan"
      columns={incremental ? layerColumns : tableColumns}
      data={tables}
      rowId={({ name }) => nameKey(name)}
      minWidth={incremental ? 640 : 420}
    />
  );
}
