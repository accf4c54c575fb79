'use client';
import { Group } from '@mantine/core';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { nameKey, printName } from '../../server/cluster/names.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Bytes, Count, Dash } from '../ui/figures.tsx';
import { hasRows, KIND_WORD, KindIcon } from '../ui/kind.tsx';

type BackedUpObject = BackupSummary['objects'][number];

const column = columnsFor<BackedUpObject>();
const columns = column.columns([
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
    meta: { width: '150px', wideOnly: true },
  }),
  column.accessor('rows', {
    header: 'Rows',
    cell: ({ row: { original } }) => (hasRows(original) ? <Count value={original.rows} /> : <Dash />),
    meta: { align: 'right', width: '120px' },
  }),
  column.accessor('bytes', {
    header: 'Stored',
    cell: ({ row: { original } }) => (hasRows(original) ? <Bytes value={original.bytes} /> : <Dash />),
    meta: { align: 'right', width: '120px' },
  }),
]);

export function BackupObjects({ objects }: { objects: readonly BackedUpObject[] }) {
  return (
    <DataTable
      label="Objects of the backup"
      columns={columns}
      data={objects}
      rowId={({ kind, name }) => kind + nameKey(name)}
      minWidth={420}
    />
  );
}
