'use client';
import { Anchor, CloseButton, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { useMemo, useState } from 'react';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { nameKey, printName } from '../../server/cluster/names.ts';
import { formatCount, plural } from '../format.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Bytes, Count, Dash } from '../ui/figures.tsx';
import { hasRows, KIND_WORD, KindIcon } from '../ui/kind.tsx';
import { objectPath, viewPath } from './paths.ts';
import { DownloadSchema } from './object/download-schema.tsx';
import { StoredAs } from './stored-as.tsx';

type BackedUpObject = BackupSummary['objects'][number];

const column = columnsFor<BackedUpObject>();

function commonColumns(url: string) {
  return column.columns([
    column.accessor((row) => printName(row.name), {
      id: 'object',
      header: 'Object',
      cell: ({ row: { original }, getValue }) => (
        <Group gap="xs" wrap="nowrap">
          <KindIcon kind={original.kind} />
          <Anchor
            component={Link}
            href={objectPath(url, original)}
            prefetch={false}
            inherit
            style={{ overflowWrap: 'anywhere' }}
          >
            {getValue()}
          </Anchor>
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
}

function storedSize(wideOnly: boolean) {
  return column.accessor('bytes', {
    header: 'Stored size',
    cell: ({ row: { original } }) => (hasRows(original) ? <Bytes value={original.bytes} /> : <Dash />),
    meta: { align: 'right', width: '120px', wideOnly },
  });
}

function columnsOf({ url, type }: BackupSummary) {
  if (type === 'full') return [...commonColumns(url), ...column.columns([storedSize(false)])];
  return [
    ...commonColumns(url),
    ...column.columns([
      // On a phone what is stored counts for more than its size.
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
}

/** What a backup holds; of an incremental one also how much of each table, and how that was found. */
export function BackupObjects({ backup }: { backup: BackupSummary }) {
  const [filter, setFilter] = useFilter(backup.url);
  const columns = useMemo(() => columnsOf(backup), [backup]);
  const shown = useMemo(() => {
    const words = filter.toLowerCase().split(/\s+/);
    return backup.objects.filter((object) => {
      const text = `${printName(object.name)} ${KIND_WORD[object.kind]}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [backup, filter]);
  return (
    <Stack gap="xs" component="section" aria-label="Objects">
      <Group justify="space-between" gap="sm">
        <Title order={2}>Objects</Title>
        <DownloadSchema backup={backup} />
      </Group>
      <TextInput
        aria-label="Filter objects"
        placeholder="Filter by name or kind"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          filter === '' ? null : (
            <CloseButton size="sm" aria-label="Clear the filter" onClick={() => setFilter('')} />
          )
        }
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        spellCheck={false}
        autoComplete="off"
      />
      {shown.length > 0 && (
        <DataTable
          label="Objects of the backup"
          columns={columns}
          data={shown}
          rowId={({ kind, name }) => kind + nameKey(name)}
          minWidth={backup.type === 'incremental' ? 680 : 420}
        />
      )}
      <Text size="xs" c="dimmed" role="status" mih={18}>
        {filter.trim() === ''
          ? plural(backup.objects.length, 'object')
          : shown.length === 0
            ? 'Nothing matches the filter.'
            : `Showing ${formatCount(shown.length)} of ${plural(backup.objects.length, 'object')}.`}
      </Text>
    </Stack>
  );
}

/** The filter is in the address: whoever comes back from an object finds the list as it was. */
function useFilter(url: string): [string, (filter: string) => void] {
  const [filter, setFilter] = useState(useSearchParams().get('filter') ?? '');
  return [
    filter,
    (next) => {
      setFilter(next);
      const more = next === '' ? '' : `&${new URLSearchParams({ filter: next }).toString()}`;
      window.history.replaceState(null, '', viewPath(url) + more);
    },
  ];
}
