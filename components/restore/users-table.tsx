'use client';
import { Badge, Button, Flex, List, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconLock } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { ComparedUser, RecreatedUser } from '../../server/restore/compare-users.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { fieldMessage } from '../ui/errors.tsx';

export type UserRow = ComparedUser & {
  /** What the last click came to. */
  result: RecreatedUser | null;
  /** Being worked on: this one, or any. */
  busy: 'this' | 'any' | null;
  /** Creates or updates it, whichever `can` says. */
  onClick: () => void;
};

const column = columnsFor<UserRow>();

/** On a phone each user is a block, its button below what it would change. */
export function UsersTable({ rows, cluster }: { rows: readonly UserRow[]; cluster: string }) {
  // Made once: cells of new columns are new elements, and the focus would be lost with each click.
  const columns = useMemo(
    () =>
      column.columns([
        column.accessor('name', {
          header: 'In the backup',
          cell: ({ row: { original } }) => <BackedUp user={original} />,
        }),
        column.accessor('state', {
          header: `In ${cluster}`,
          cell: ({ row: { original } }) => (
            <Flex
              direction={{ base: 'column', sm: 'row' }}
              align={{ base: 'flex-start', sm: 'center' }}
              justify="space-between"
              gap="xs"
            >
              <Here user={original} />
              <Act user={original} />
            </Flex>
          ),
          meta: { width: '55%', ownLine: true },
        }),
      ]),
    [cluster],
  );
  return (
    <DataTable
      label="Users and roles of the backup"
      columns={columns}
      data={rows}
      rowId={({ name }) => name}
      rowHeight={60}
      minWidth={480}
    />
  );
}

function BackedUp({ user: { name, options, memberOf } }: { user: UserRow }) {
  return (
    <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
      <Text size="sm" fw={600} style={{ whiteSpace: 'pre-wrap' }}>
        {name}
      </Text>
      {options.length > 0 && (
        <Text size="xs" c="dimmed">
          {options.join(', ')}
        </Text>
      )}
      {memberOf.length > 0 && (
        <Text size="xs" c="dimmed">
          member of {memberOf.join(', ')}
        </Text>
      )}
    </Stack>
  );
}

function Act({ user: { name, can, busy, onClick } }: { user: UserRow }) {
  if (can === null) return null;
  const word = can === 'create' ? 'Recreate' : 'Update';
  return (
    <Button
      size="xs"
      flex="none"
      variant={can === 'create' ? 'filled' : 'default'}
      loading={busy === 'this'}
      disabled={busy !== null}
      onClick={onClick}
      aria-label={`${word} ${name}`}
    >
      {word}
    </Button>
  );
}

const BADGES = {
  missing: { color: 'yellow', icon: IconCircleDashed, word: 'missing' },
  different: { color: 'orange', icon: IconAlertTriangle, word: 'different' },
  same: { color: 'green', icon: IconCircleCheck, word: 'the same' },
  kept: { color: 'gray', icon: IconLock, word: 'left alone' },
} as const;

/** How the cluster has it, and what the last click came to. */
function Here({ user: { state, about, result } }: { user: UserRow }) {
  if (state === 'unknown') return <Text size="sm">not known</Text>;
  const { color, icon: Icon, word } = BADGES[state];
  return (
    <Stack gap={4} align="flex-start" miw={0} style={{ overflowWrap: 'anywhere' }}>
      <Badge color={color} leftSection={<Icon size={14} aria-hidden />}>
        {word}
      </Badge>
      {about.length > 0 && <Phrases phrases={about} />}
      <div role="status">{result !== null && <Result result={result} />}</div>
    </Stack>
  );
}

function Phrases({ phrases }: { phrases: readonly string[] }) {
  return phrases.length === 1 ? (
    <Text size="xs">{phrases[0]}</Text>
  ) : (
    <List size="xs">
      {phrases.map((phrase) => (
        <List.Item key={phrase}>{phrase}</List.Item>
      ))}
    </List>
  );
}

function Result({ result: { problem, notDone } }: { result: RecreatedUser }) {
  if (problem !== null)
    return (
      <Text size="xs" fw={600}>
        Not done: {fieldMessage(problem)}
      </Text>
    );
  return (
    <>
      <Text size="xs" fw={600}>
        {notDone.length === 0 ? 'Done.' : 'Done, but:'}
      </Text>
      {notDone.length > 0 && <Phrases phrases={notDone} />}
    </>
  );
}
