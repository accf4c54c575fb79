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
};

interface UsersTableProps {
  rows: readonly UserRow[];
  cluster: string;
  /** Names of those that are being worked on. */
  busy: readonly string[];
  onCreate: (user: UserRow) => void;
  onUpdate: (user: UserRow) => void;
}

const column = columnsFor<UserRow>();

/** On a phone the two columns share its width, and each row's button stays in view. */
export function UsersTable({ rows, cluster, busy, onCreate, onUpdate }: UsersTableProps) {
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
              {original.can !== null && (
                <Button
                  size="xs"
                  variant={original.can === 'create' ? 'filled' : 'default'}
                  loading={busy.includes(original.name)}
                  disabled={busy.length > 0}
                  flex="none"
                  onClick={() => (original.can === 'create' ? onCreate(original) : onUpdate(original))}
                  aria-label={`${original.can === 'create' ? 'Recreate' : 'Update'} ${original.name}`}
                >
                  {original.can === 'create' ? 'Recreate' : 'Update'}
                </Button>
              )}
            </Flex>
          ),
          meta: { width: '55%' },
        }),
      ]),
    [cluster, busy, onCreate, onUpdate],
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
