'use client';
import { Button, Card, Group, NumberInput, Stack, Switch, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { plural } from '../format.ts';
import type { Outputs } from '../trpc.ts';
import { describeError, errorField, useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { ErrorAlert, fieldMessage } from '../ui/errors.tsx';
import { Count, Dash, Moment } from '../ui/figures.tsx';
import { Loading } from '../ui/loading.tsx';

type Retention = Outputs['clusters']['retention'];
type Policy = Retention['policy'];

/** The snapshots that are retained of a cluster without a past of its own: what there is, what it costs, how many. */
export function RetainedPast({ cluster }: { cluster: string }) {
  const trpc = useTRPC();
  const retention = useQuery(trpc.clusters.retention.queryOptions({ cluster }, { refetchInterval: 15_000 }));
  return (
    <Stack gap="xs" component="section" aria-label="Earlier times">
      <Title order={2}>Earlier times</Title>
      {retention.error !== null && retention.data === undefined ? (
        <ErrorAlert error={retention.error} onRetry={() => void retention.refetch()} />
      ) : retention.data === undefined ? (
        <Loading h={160} label="Asking what is retained" />
      ) : (
        <>
          <PolicyForm
            key={JSON.stringify(retention.data.policy)}
            cluster={cluster}
            policy={retention.data.policy}
          />
          {retention.data.policy.enabled && <RetainedDatabases databases={retention.data.databases} />}
        </>
      )}
    </Stack>
  );
}

function PolicyForm({ cluster, policy }: { cluster: string; policy: Policy }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(policy);
  const save = useMutation(
    trpc.clusters.setRetention.mutationOptions({
      onSuccess: () => notifications.show({ color: 'green', message: `Saved for ${cluster}.` }),
      onSettled: () => queryClient.invalidateQueries(trpc.clusters.pathFilter()),
    }),
  );
  const refused = save.error === null ? undefined : errorField(save.error);
  const errorOf = (field: 'everySeconds' | 'windowSeconds') =>
    save.error !== null && refused === field ? fieldMessage(describeError(save.error)) : undefined;
  const change = (part: Partial<Policy>) => {
    save.reset();
    setDraft({ ...draft, ...part });
  };
  const changed = JSON.stringify(draft) !== JSON.stringify(policy);
  // One from before the window serves its oldest times.
  const snapshots = Math.ceil(draft.windowSeconds / draft.everySeconds) + 1;
  return (
    <Card
      component="form"
      padding="md"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && !save.isPending) save.mutate({ cluster, policy: draft });
      }}
    >
      <Stack gap="md">
        <Switch
          label="Retain snapshots of databases that are backed up"
          description="PostgreSQL keeps no past by itself. A retained snapshot is a connection of its own, and rows deleted since can't be cleaned up by vacuum until it is let go."
          checked={draft.enabled}
          onChange={(event) => change({ enabled: event.currentTarget.checked })}
        />
        {draft.enabled && (
          <Group gap="md" align="flex-start">
            <Seconds
              label="One every"
              value={draft.everySeconds}
              onChange={(everySeconds) => change({ everySeconds })}
              error={errorOf('everySeconds')}
            />
            <Seconds
              label="Each for"
              value={draft.windowSeconds}
              onChange={(windowSeconds) => change({ windowSeconds })}
              error={errorOf('windowSeconds')}
            />
          </Group>
        )}
        {save.error !== null && refused !== 'everySeconds' && refused !== 'windowSeconds' && (
          <ErrorAlert error={save.error} title="It was not saved" />
        )}
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            {draft.enabled && Number.isFinite(snapshots)
              ? `${plural(snapshots, 'connection')} a database.`
              : 'AS OF SYSTEM TIME is refused while this is off.'}
          </Text>
          <Button type="submit" size="xs" disabled={!changed} loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

function Seconds({
  onChange,
  ...field
}: {
  label: string;
  value: number;
  onChange: (seconds: number) => void;
  error: string | undefined;
}) {
  return (
    <NumberInput
      {...field}
      suffix=" s"
      min={1}
      allowDecimal={false}
      onChange={(value) => onChange(Number(value))}
      w={240}
    />
  );
}

const column = columnsFor<Retention['databases'][number]>();
const columns = column.columns([
  column.accessor('database', { header: 'Database' }),
  column.accessor((row) => row.times.at(-1) ?? '', {
    id: 'oldest',
    header: 'Back to',
    cell: ({ getValue }) => (getValue() === '' ? 'none yet' : <Moment at={getValue()} />),
    meta: { width: '270px' },
  }),
  column.accessor((row) => row.times.length, {
    id: 'snapshots',
    header: 'Snapshots',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '120px', wideOnly: true },
  }),
  column.accessor((row) => row.heldBack?.transactions ?? -1, {
    id: 'transactions',
    header: 'Holds back (transactions)',
    cell: ({ row }) =>
      row.original.heldBack === null ? <Dash /> : <Count value={row.original.heldBack.transactions} />,
    meta: { align: 'right', width: '200px', wideOnly: true },
  }),
  column.accessor((row) => row.heldBack?.deadRows ?? -1, {
    id: 'deadRows',
    header: 'Dead rows',
    cell: ({ row }) =>
      row.original.heldBack === null ? <Dash /> : <Count value={row.original.heldBack.deadRows} estimate />,
    meta: { align: 'right', width: '120px' },
  }),
]);

function RetainedDatabases({ databases }: { databases: Retention['databases'] }) {
  if (databases.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No database of this cluster has been backed up yet: nothing is retained.
      </Text>
    );
  return (
    <DataTable
      label="Retained snapshots"
      columns={columns}
      data={databases}
      rowId={({ database }) => database}
      minWidth={420}
    />
  );
}
