'use client';
import { Group } from '@mantine/core';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { nameKey, printName } from '../../server/cluster/names.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Bytes, Count, Dash } from '../ui/figures.tsx';
import { hasRows, KIND_WORD, KindIcon } from '../ui/kind.tsx';
import { StoredAs } from './stored-as.tsx';

type BackedUpObject = BackupSummary['objects'][number];

const column = columnsFor<BackedUpObject>();
const commonColumns = column.columns([
  column.accessor((row) => printName(row.name), {
    id: 'object',
    header: 'Object',
    cell: ({ row: { original }, getValue }) => (
      <Group gap="xs" wrap="nowrap">
        <KindIcon kind={original.kind} />
        <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>
      </Group>
    ),
  }),
  column.accessor((row) => KIND_WORD[row.kind], {
    id: 'kind',
    header: 'Kind',
    meta: { width: '120px', wideOnly: true },
  }),
  column.accessor('rows', {
    header: 'Rows',
    cell: ({ row: { original } }) => (hasRows(original) ? <Count value={original.rows} /> : <Dash />),
    meta: { align: 'right', width: '120px' },
  }),
]);

function storedSize(wideOnly: boolean) {
  return column.accessor('bytes', {
    header: 'Stored size',
    cell: ({ row: { original } }) => (hasRows(original) ? <Bytes value={original.bytes} /> : <Dash />),
    meta: { align: 'right', width: '120px', wideOnly },
  });
}

const columns = [...commonColumns, ...column.columns([storedSize(false)])];

/** On a phone what is stored counts for more than its size. */
const layerColumns = [
  ...commonColumns,
  ...column.columns([
    storedSize(true),
    column.display({
      id: 'changes',
      header: 'What is stored',
      cell: ({ row: { original } }) =>
        hasRows(original) ? <StoredAs changes={original.changes} /> : <Dash />,
      meta: { width: '30%', ownLine: true },
    }),
  ]),
];

/** What a backup holds; of an incremental one also how much of each table, and how that was found. */
export function BackupObjects({
  objects,
  incremental,
}: {
  objects: readonly BackedUpObject[];
  incremental: boolean;
}) {
  return (
    <DataTable
      label="Objects of the backup"
      columns={incremental ? layerColumns : columns}
      data={objects}
      rowId={({ kind, name }) => kind + nameKey(name)}
      minWidth={incremental ? 680 : 420}
    />
  );
}
