'use client';
import { Group, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { printName } from '../../../server/cluster/names.ts';
import { plural } from '../../format.ts';
import { columnsFor, DataTable } from '../../ui/data-table.tsx';
import { Bytes, Count } from '../../ui/figures.tsx';
import type { Leaseholders, TableMap } from './leaseholders.ts';
import { Swatch } from './range-map.tsx';

interface Row {
  /** From 1. */
  index: number;
  leaseholder: string;
  color: string | null;
  bytes: number;
  rows: number;
}

const column = columnsFor<Row>();
const columns = column.columns([
  column.accessor('index', {
    header: 'Range',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { width: '90px' },
  }),
  column.accessor('leaseholder', {
    header: 'Leaseholder',
    cell: ({ row: { original } }) => (
      <Group gap="xs" wrap="nowrap">
        <Swatch color={original.color} />
        <span style={{ overflowWrap: 'anywhere' }}>{original.leaseholder}</span>
      </Group>
    ),
  }),
  column.accessor('rows', {
    header: 'Rows',
    cell: ({ getValue }) => <Count value={getValue()} estimate />,
    meta: { align: 'right', width: '120px' },
  }),
  column.accessor('bytes', {
    header: 'Estimated size',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '140px' },
  }),
]);

/** The same as the map, as a table. */
export function RangeTable({ map, leaseholders }: { map: TableMap; leaseholders: Leaseholders }) {
  const rows = useMemo(
    () =>
      map.ranges.map(({ leaseholder, bytes, rows }, index): Row => ({
        index: index + 1,
        leaseholder: leaseholders.name(leaseholder),
        color: leaseholders.color(leaseholder),
        bytes,
        rows,
      })),
    [map, leaseholders],
  );
  return (
    <Stack gap="xs">
      <DataTable
        label={`Ranges of ${printName(map.table)}`}
        columns={columns}
        data={rows}
        rowId={({ index }) => String(index)}
        minWidth={480}
      />
      {map.rest !== null && (
        <Text size="sm" c="dimmed">
          And {plural(map.rest.ranges, 'further range')}, which the legend’s figures count.
        </Text>
      )}
    </Stack>
  );
}
