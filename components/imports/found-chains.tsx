'use client';
import { Alert, Badge, Button, Checkbox, Group, Progress, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconDatabaseImport, IconDownload } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { useMemo, useState } from 'react';
import type { Problem } from '../../server/backup/selection.ts';
import type { FoundBackup } from '../../server/imports/found.ts';
import { plural } from '../format.ts';
import type { AppError } from '../trpc.ts';
import { describeError, useTRPC, useTRPCClient } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { fieldMessage } from '../ui/errors.tsx';
import { Bytes, Count, Moment } from '../ui/figures.tsx';
import { chainsOf, type FoundChain } from './chains.ts';
import type { ImportSource } from './use-scan.ts';

/** How many are recorded by one request: each reads a manifest. */
const AT_ONCE = 50;

type Row = FoundChain & { ticked: boolean; onTick: (ticked: boolean) => void };

const column = columnsFor<Row>();
/** Made once: cells of new columns are new elements, and the focus would be lost with each click. */
const columns = column.columns([
  column.accessor('root', {
    header: 'Chain',
    cell: ({ row: { original } }) => <Chain chain={original} />,
  }),
  column.accessor((row) => row.newest.cluster.name, {
    id: 'cluster',
    header: 'Cluster',
    cell: ({ row: { original }, getValue }) => (
      <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
        <span>{getValue()}</span>
        <Text size="xs" c="dimmed">
          {original.newest.cluster.kind} {original.newest.cluster.version}
        </Text>
      </Stack>
    ),
    meta: { width: '150px' },
  }),
  column.accessor((row) => row.newest.objects, {
    id: 'objects',
    header: 'Objects',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '100px', wideOnly: true },
  }),
  column.accessor('bytes', {
    header: 'Stored',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '110px' },
  }),
  column.accessor((row) => row.fresh.length, {
    id: 'state',
    header: 'Here',
    cell: ({ row: { original } }) => <State chain={original} />,
    meta: { width: '150px' },
  }),
]);

/** What was found, chain by chain, and the button that has it known from then on. */
export function FoundChains({
  backups,
  source,
  running,
  onImported,
}: {
  backups: readonly FoundBackup[];
  source: ImportSource;
  /** It is still being looked for more. */
  running: boolean;
  onImported: (urls: ReadonlySet<string>) => void;
}) {
  const chains = useMemo(() => chainsOf(backups), [backups]);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const { add, done, busy, problems, failure } = useAdd(source, onImported);
  const rows = chains.map((chain): Row => ({
    ...chain,
    ticked: chain.fresh.length > 0 && !left.has(chain.root),
    onTick: (ticked) =>
      setLeft((before) => {
        const next = new Set(before);
        if (ticked) next.delete(chain.root);
        else next.add(chain.root);
        return next;
      }),
  }));
  const wanted = rows.filter(({ ticked }) => ticked).flatMap(({ fresh }) => fresh);
  return (
    <Stack gap="sm" component="section" aria-label="Found backups">
      <Group justify="space-between" gap="sm" align="flex-end">
        <Stack gap={4}>
          <Title order={2}>Found backups</Title>
          <Text size="sm" c="dimmed">
            {plural(chains.length, 'chain')}: a full backup each, and what was built on it.
          </Text>
        </Stack>
        <Button
          leftSection={<IconDownload size={16} aria-hidden />}
          disabled={wanted.length === 0 || running}
          loading={busy}
          onClick={() => void add(wanted.map(({ url }) => url))}
        >
          {wanted.length === 0 ? 'Import' : `Import ${plural(wanted.length, 'backup')}`}
        </Button>
      </Group>
      {busy && <Progress value={done * 100} aria-label="Importing" />}
      {failure !== null && (
        <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={failure.message}>
          {failure.hint}
        </Alert>
      )}
      {problems.length > 0 && (
        <Alert
          color="red"
          role="alert"
          icon={<IconAlertTriangle />}
          title={`${plural(problems.length, 'backup')} could not be imported`}
        >
          {problems.slice(0, 5).map(({ url, problem }) => (
            <Text key={url} size="sm" style={{ overflowWrap: 'anywhere' }}>
              {fieldMessage(problem)}
            </Text>
          ))}
        </Alert>
      )}
      {!running && !busy && chains.every(({ fresh }) => fresh.length === 0) && (
        <Alert color="green" role="status" icon={<IconCircleCheck />} title="All of these are known here">
          <Button
            component={Link}
            href="/restore"
            size="xs"
            variant="default"
            leftSection={<IconDatabaseImport size={14} aria-hidden />}
          >
            Restore
          </Button>
        </Alert>
      )}
      <DataTable
        label="Found backups"
        columns={columns}
        data={rows}
        rowId={({ root }) => root}
        rowHeight={84}
        minWidth={620}
      />
    </Stack>
  );
}

function Chain({ chain }: { chain: Row }) {
  const { root, layers, newest, missing, ticked, fresh, onTick } = chain;
  return (
    <Group wrap="nowrap" align="flex-start" gap="sm">
      <Checkbox
        checked={ticked}
        disabled={fresh.length === 0}
        onChange={(event) => onTick(event.currentTarget.checked)}
        aria-label={`Import the chain of ${root}`}
        mt={2}
      />
      <Stack gap={2} miw={0} style={{ overflowWrap: 'anywhere' }}>
        <Text size="sm" fw={600}>
          {newest.url}
        </Text>
        <Text size="xs" c="dimmed">
          as of <Moment at={newest.moment} /> ·{' '}
          {layers.length === 1 && newest.chain.length === 0
            ? 'full'
            : `${plural(layers.length, 'layer')} from ${root}`}
        </Text>
        {missing.length > 0 && (
          <Text size="xs" fw={600}>
            Not whole: {missing[0]}
            {missing.length > 1 && ` and ${missing.length - 1} more`} not found
          </Text>
        )}
      </Stack>
    </Group>
  );
}

function State({ chain: { layers, fresh, missing } }: { chain: FoundChain }) {
  return (
    <Group gap={4}>
      {fresh.length === 0 ? (
        <Badge color="green" leftSection={<IconCircleCheck size={14} aria-hidden />}>
          known
        </Badge>
      ) : fresh.length < layers.length ? (
        <Badge color="blue">{fresh.length} new</Badge>
      ) : (
        <Badge color="blue">new</Badge>
      )}
      {missing.length > 0 && (
        <Badge color="red" leftSection={<IconAlertTriangle size={14} aria-hidden />}>
          not whole
        </Badge>
      )}
    </Group>
  );
}

/** Records backups, some at a time; what is done stays done when one of these requests fails. */
function useAdd(source: ImportSource, onImported: (urls: ReadonlySet<string>) => void) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(0);
  const [problems, setProblems] = useState<{ url: string; problem: Problem }[]>([]);
  const [failure, setFailure] = useState<Pick<Problem, 'message' | 'hint'> | null>(null);

  async function add(urls: readonly string[]) {
    setBusy(true);
    setProblems([]);
    setFailure(null);
    try {
      for (let at = 0; at < urls.length; at += AT_ONCE) {
        setDone(at / urls.length);
        const some = urls.slice(at, at + AT_ONCE);
        const answer = await client.imports.add.mutate({ source, urls: some });
        const refused = new Set(answer.problems.map(({ url }) => url));
        onImported(new Set(some.filter((url) => !refused.has(url))));
        setProblems((before) => [...before, ...answer.problems]);
      }
    } catch (error) {
      setFailure(describeError(error as AppError));
    } finally {
      setBusy(false);
      void queryClient.invalidateQueries(trpc.backups.pathFilter());
    }
  }
  return { add, busy, done, problems, failure };
}
