'use client';
import { Anchor, Button, Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import Link from 'next/link';
import { basesNamedIn } from '../../server/statement/bases.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Age, Bytes, Count, Moment } from '../ui/figures.tsx';
import type { Outputs } from '../trpc.ts';
import { restorePath, viewPath } from './paths.ts';

export type KnownBackup = Outputs['backups']['list'][number];

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
        <Type statement={original.job.statement} /> ·{' '}
        {original.job.moment === null ? null : (
          <>
            as of <Moment at={original.job.moment} /> ·{' '}
          </>
        )}
        cluster {original.job.cluster}
      </Text>
    </Stack>
  ),
});
/** Full, or which layer of its chain, by what the job was asked to do. */
function Type({ statement }: { statement: string }) {
  const below = basesNamedIn(statement).length;
  return (
    <Text span inherit fw={600} c="var(--mantine-color-text)">
      {below === 0 ? 'full' : `incremental, layer ${below + 1}`}
    </Text>
  );
}

const age = column.accessor((row) => row.job.finishedAt ?? row.job.createdAt, {
  id: 'age',
  header: 'When',
  cell: ({ getValue }) => <Age at={getValue()} />,
  meta: { width: '120px' },
});
const rows = column.accessor((row) => row.job.rows, {
  id: 'rows',
  header: 'Rows',
  cell: ({ getValue }) => <Count value={getValue()} />,
  meta: { align: 'right', width: '120px', wideOnly: true },
});
const stored = column.accessor((row) => row.job.storedBytes, {
  id: 'stored',
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

/** Backups that this console made. */
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
      rowId={({ job }) => job.id}
      rowHeight={62}
      minWidth={440}
    />
  );
}
