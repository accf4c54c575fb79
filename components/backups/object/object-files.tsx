'use client';
import { Anchor, Code, Stack, Text } from '@mantine/core';
import Link from 'next/link';
import { useMemo } from 'react';
import type { FileView, ObjectView } from '../../../server/restore/browse/view.ts';
import { formatCount } from '../../format.ts';
import { columnsFor, DataTable } from '../../ui/data-table.tsx';
import { Bytes, Count } from '../../ui/figures.tsx';
import { objectPath } from '../paths.ts';
import type { OpenObject } from './use-open.ts';

const column = columnsFor<FileView>();

export const FILE_KIND: Record<FileView['kind'], string> = { rows: 'rows', deleted: 'deleted keys' };

function columnsOf(open: OpenObject) {
  return column.columns([
    column.accessor('name', {
      header: 'File',
      cell: ({ getValue }) => (
        <Anchor
          component={Link}
          href={objectPath(open.url, open, { tab: 'files', file: getValue() })}
          prefetch={false}
          scroll={false}
          inherit
          style={{ overflowWrap: 'anywhere' }}
        >
          {getValue()}
        </Anchor>
      ),
    }),
    column.accessor((row) => FILE_KIND[row.kind], {
      id: 'kind',
      header: 'Holds',
      meta: { width: '120px' },
    }),
    column.accessor('rows', {
      header: 'Rows',
      cell: ({ getValue }) => <Count value={getValue()} />,
      meta: { align: 'right', width: '110px' },
    }),
    column.accessor('bytes', {
      header: 'Stored size',
      cell: ({ getValue }) => <Bytes value={getValue()} />,
      meta: { align: 'right', width: '120px' },
    }),
    column.accessor('rawBytes', {
      header: 'As COPY text',
      cell: ({ getValue }) => <Bytes value={getValue()} />,
      meta: { align: 'right', width: '130px', wideOnly: true },
    }),
    column.accessor((row) => row.ranges.count, {
      id: 'ranges',
      header: 'Ranges',
      cell: ({ getValue }) => formatCount(getValue()),
      meta: { align: 'right', width: '90px', wideOnly: true },
    }),
    column.accessor('sha256', {
      header: 'SHA-256',
      enableSorting: false,
      cell: ({ getValue }) => <Code title={getValue()}>{getValue().slice(0, 8)}…</Code>,
      meta: { width: '120px', wideOnly: true },
    }),
  ]);
}

/** The files of a table in one layer; each leads to its first rows. */
export function ObjectFiles({ object, open }: { object: ObjectView; open: OpenObject }) {
  const columns = useMemo(() => columnsOf(open), [open]);
  if (object.files.length === 0) {
    return (
      <Text c="dimmed" size="sm">
        {object.stored?.method === 'whole'
          ? 'There are no files: the table has no rows.'
          : 'There are no files: nothing changed in this table since the layer before.'}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        Choose a file to see its first rows.
      </Text>
      <DataTable
        label="Files of the table"
        columns={columns}
        data={object.files}
        rowId={({ name }) => name}
        minWidth={860}
      />
    </Stack>
  );
}
