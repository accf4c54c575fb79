'use client';
import { Alert, Button, Group, Select, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ComparedUser, RecreatedUser } from '../../server/restore/compare-users.ts';
import { listed } from '../clusters/words.ts';
import { plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { UpdateUserModal } from './update-user-modal.tsx';
import { UsersTable } from './users-table.tsx';
import type { UserRow } from './users-table.tsx';
import { Loading } from '../ui/loading.tsx';

interface UsersSectionProps {
  /** The backup's URL. */
  source: string;
  /** Where users are recreated: the cluster that is restored into. */
  cluster: string;
  clusters: readonly string[];
  onCluster: (cluster: string) => void;
}

/** The users and roles that a backup carries, beside what the cluster has, and a click to recreate each. */
export function UsersSection({ source, cluster, clusters, onCluster }: UsersSectionProps) {
  return (
    <Stack gap="sm" component="section" aria-label="Users and roles">
      <Group justify="space-between" align="flex-end" gap="md">
        <Stack gap={4} maw={640}>
          <Title order={2}>Users and roles</Title>
          <Text size="sm">
            A RESTORE creates none of them. Recreated, they have the options, memberships and passwords of the
            backup. Those that are there already are left as they are, unless you update them.
          </Text>
        </Stack>
        {clusters.length > 1 && (
          <Select
            label="Recreate in cluster"
            data={[...clusters]}
            value={cluster}
            onChange={(name) => name !== null && onCluster(name)}
            allowDeselect={false}
            miw={200}
          />
        )}
      </Group>
      {/* What became of the last clicks is about one backup and one cluster. */}
      <Users key={JSON.stringify([source, cluster])} source={source} cluster={cluster} />
    </Stack>
  );
}

function Users({ source, cluster }: Pick<UsersSectionProps, 'source' | 'cluster'>) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [results, setResults] = useState<ReadonlyMap<string, RecreatedUser>>(new Map());
  const [updating, setUpdating] = useState<ComparedUser | null>(null);
  const [asking, ask] = useDisclosure(false);
  const found = useQuery(trpc.restores.users.queryOptions({ source, cluster }, { staleTime: 10_000 }));
  const recreate = useMutation(
    trpc.restores.recreateUsers.mutationOptions({
      // Of the last click alone: what came of earlier ones may hold no more.
      onSuccess: (done) => setResults(new Map(done.map((each) => [each.name, each]))),
      onSettled: () => {
        ask.close();
        // A plan warns of roles that are missing.
        return queryClient.invalidateQueries(trpc.restores.pathFilter());
      },
    }),
  );
  const { data } = found;
  if (found.error !== null && data === undefined)
    return <ErrorAlert error={found.error} onRetry={() => void found.refetch()} />;
  if (data === undefined) return <Loading h={160} label="Comparing users and roles" />;

  const start = (names: string[], how: 'create' | 'update') =>
    recreate.mutate({ source, cluster, names, how });
  const busy = recreate.isPending ? recreate.variables.names : [];
  const rows = data.users.map((user): UserRow => ({
    ...user,
    result: results.get(user.name) ?? null,
    busy: busy.includes(user.name) ? 'this' : busy.length > 0 ? 'any' : null,
    onClick: () => {
      if (user.can === 'create') return start([user.name], 'create');
      setUpdating(user);
      ask.open();
    },
  }));
  const missing = data.users.filter(({ can }) => can === 'create').map(({ name }) => name);
  return (
    <>
      {data.problem !== null && (
        <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={data.problem.message}>
          {data.problem.hint}
        </Alert>
      )}
      {recreate.error !== null && <ErrorAlert error={recreate.error} title="Nothing was recreated" />}
      {data.problem === null && (
        <Group justify="space-between" gap="sm">
          <Text size="sm" c="dimmed">
            {summaryOf(data.users)}
          </Text>
          {missing.length > 1 && (
            <Button
              size="xs"
              leftSection={<IconUserPlus size={14} aria-hidden />}
              loading={busy.length > 1}
              disabled={recreate.isPending}
              onClick={() => start(missing, 'create')}
            >
              Recreate all missing ({missing.length})
            </Button>
          )}
        </Group>
      )}
      <UsersTable rows={rows} cluster={cluster} />
      <UpdateUserModal
        user={updating}
        opened={asking}
        cluster={cluster}
        pending={recreate.isPending}
        onClose={ask.close}
        onUpdate={({ name }) => start([name], 'update')}
      />
    </>
  );
}

const WORDS = { missing: 'missing', different: 'different', same: 'the same', kept: 'left alone' } as const;

/** `7 users and roles: 4 missing, 1 different and 2 the same`. */
function summaryOf(users: readonly Pick<UserRow, 'state'>[]): string {
  const counts = (['missing', 'different', 'same', 'kept'] as const).flatMap((state) => {
    const count = users.filter((user) => user.state === state).length;
    return count === 0 ? [] : [`${count} ${WORDS[state]}`];
  });
  return `${plural(users.length, 'user or role', 'users and roles')}: ${listed(counts)}`;
}
