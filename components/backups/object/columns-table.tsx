'use client';
import { Badge, Code, Group } from '@mantine/core';
import { useMemo } from 'react';
import type { ColumnView } from '../../../server/restore/browse/view.ts';
import { columnsFor, DataTable } from '../../ui/data-table.tsx';

type Row = ColumnView & { place: number; keyColumns: number };

const column = columnsFor<Row>();
const columns = column.columns([
  column.accessor('name', {
    header: 'Column',
    cell: ({ getValue }) => <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>,
  }),
  column.accessor('type', {
    header: 'Type',
    cell: ({ getValue }) => <Code style={{ overflowWrap: 'anywhere' }}>{getValue()}</Code>,
    meta: { width: '34%' },
  }),
  column.accessor((row) => (row.nullable ? 'yes' : 'no'), {
    id: 'nullable',
    header: 'NULL',
    meta: { width: '90px' },
  }),
  column.accessor((row) => row.key ?? Infinity, {
    id: 'key',
    header: 'Key',
    cell: ({ row: { original } }) => <KeyCell column={original} />,
    meta: { width: '190px' },
  }),
  column.accessor('place', {
    header: 'Place',
    meta: { width: '90px', align: 'right', wideOnly: true },
  }),
]);

/** The columns of a table, in its own order unless they are sorted. */
export function ColumnsTable({ columns: given }: { columns: readonly ColumnView[] }) {
  const data = useMemo(() => {
    const keyColumns = given.filter(({ key }) => key !== null).length;
    return given.map((each, index) => ({ ...each, place: index + 1, keyColumns }));
  }, [given]);
  return (
    <DataTable
      label="Columns of the table"
      columns={columns}
      data={data}
      rowId={({ name }) => name}
      minWidth={560}
    />
  );
}

function KeyCell({ column: { key, keyColumns, generated } }: { column: Row }) {
  if (key === null && !generated) return 'no';
  return (
    <Group gap={6}>
      {key !== null && (
        <Badge color="kelp">primary key{keyColumns > 1 ? `, ${key} of ${keyColumns}` : ''}</Badge>
      )}
      {generated && (
        <Badge color="gray" title="The database computes it: it is in no file">
          generated
        </Badge>
      )}
    </Group>
  );
}
