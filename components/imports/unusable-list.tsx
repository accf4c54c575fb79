'use client';
import { Badge, Group, Stack, Text, Title } from '@mantine/core';
import type { Unusable } from '../../server/imports/found.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { fieldMessage } from '../ui/errors.tsx';

const LOOKS: Record<Unusable['why'], { color: string; word: string }> = {
  damaged: { color: 'red', word: 'damaged' },
  unfinished: { color: 'yellow', word: 'unfinished' },
  foreign: { color: 'gray', word: 'not a backup' },
  unreadable: { color: 'red', word: 'can’t be read' },
};

const column = columnsFor<Unusable>();
const columns = column.columns([
  column.accessor('url', {
    header: 'Where',
    cell: ({ row: { original } }) => (
      <Group gap="xs">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {original.url}
        </Text>
        <Badge color={LOOKS[original.why].color}>{LOOKS[original.why].word}</Badge>
      </Group>
    ),
  }),
  column.accessor(({ problem }) => fieldMessage(problem), {
    id: 'reason',
    header: 'Why',
    meta: { width: '60%', ownLine: true },
  }),
]);

/** What looks like a backup and can't be imported, and why. */
export function UnusableList({ unusable }: { unusable: readonly Unusable[] }) {
  return (
    <Stack gap="xs" component="section" aria-label="Can’t be imported">
      <Title order={2}>Can’t be imported</Title>
      <DataTable
        label="What can’t be imported"
        columns={columns}
        data={unusable}
        rowId={({ url, why }) => `${why} ${url}`}
        rowHeight={62}
        minWidth={480}
      />
    </Stack>
  );
}
