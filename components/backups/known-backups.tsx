'use client';
import { Anchor, Button, Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import Link from 'next/link';
import type { KnownBackup } from '../../server/imports/known.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Age, Bytes, Count, Moment } from '../ui/figures.tsx';
import { restorePath, viewPath } from './paths.ts';

const column = columnsFor<KnownBackup>();

const url = column.accessor('url', {
  header: 'Backup',
  cell: ({ row: { original } }) => (
    <Stack gap={2} miw={160}>
      <Anchor
        component={Link}
        href={viewPath(original.url)}
        fw={600}
        size="sm"
        style={{ overflowWrap: 'anywhere' }}
      >
        {original.url}
      </Anchor>
      <Text size="xs" c="dimmed">
        <Text span inherit fw={600} c="var(--mantine-color-text)">
          {layerName(original.layer)}
        </Text>{' '}
        ·{' '}
        {original.moment === null ? null : (
          <>
            as of <Moment at={original.moment} /> ·{' '}
          </>
        )}
        cluster {original.cluster}
        {original.job === null && ' · imported'}
      </Text>
    </Stack>
  ),
});
/** Full, or which layer of its chain. */
function layerName(layer: number): string {
  return layer === 1 ? 'full' : `incremental, layer ${layer}`;
}

const age = column.accessor('finishedAt', {
  header: 'When',
  cell: ({ getValue }) => <Age at={getValue()} />,
  meta: { width: '120px' },
});
const rows = column.accessor('rows', {
  header: 'Rows',
  cell: ({ getValue }) => <Count value={getValue()} />,
  meta: { align: 'right', width: '120px', wideOnly: true },
});
const stored = column.accessor('storedBytes', {
  header: 'Stored',
  cell: ({ getValue }) => <Bytes value={getValue()} />,
  meta: { align: 'right', width: '110px', wideOnly: true },
});

const listColumns = column.columns([
  url,
  age,
  rows,
  stored,
  column.display({
    id: 'actions',
    header: () => <VisuallyHidden>Actions</VisuallyHidden>,
    cell: ({ row: { original } }) => (
      <Group justify="flex-end">
        <Button
          component={Link}
          href={restorePath(original.url)}
          size="compact-sm"
          variant="default"
          aria-label={`Restore from ${original.url}`}
        >
          Restore
        </Button>
      </Group>
    ),
    meta: { width: '110px', wideOnly: true },
  }),
]);

/** Backups that were made here or imported. */
export function KnownBackups({
  backups,
  label = 'Known backups',
}: {
  backups: readonly KnownBackup[];
  label?: string;
}) {
  return (
    <DataTable
      label={label}
      columns={listColumns}
      data={backups}
      rowId={({ job, url: at }) => job ?? at}
      rowHeight={62}
      minWidth={440}
    />
  );
}
