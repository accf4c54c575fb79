'use client';
import { Stack, Text, Title, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Capability, GcWindow } from '../../server/cluster/cluster.ts';
import { nameKey, quoteIdent } from '../../server/cluster/names.ts';
import { formatWindow, plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Loading } from '../ui/loading.tsx';

const column = columnsFor<GcWindow>();
const columns = column.columns([
  column.accessor(({ table }) => [table.schema, table.name].map(quoteIdent).join('.'), {
    id: 'table',
    header: 'Table',
    cell: ({ getValue }) => <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>,
  }),
  column.accessor('seconds', {
    header: 'GC window',
    cell: ({ getValue }) => (
      <Tooltip label={plural(getValue(), 'second')}>
        <span className="tabular">{formatWindow(getValue())}</span>
      </Tooltip>
    ),
    meta: { align: 'right', width: '160px' },
  }),
]);

/** Of any number of tables, at least one. */
function shortest(windows: readonly GcWindow[]): number {
  return windows.reduce((least, { seconds }) => Math.min(least, seconds), Infinity);
}

const SHORTEST_FIRST = [{ id: 'seconds', desc: false }];

/** How far back each table of a database can be read, the shortest first: it is the one that a chain breaks at. */
export function GcWindows({
  cluster,
  database,
  incremental,
}: {
  cluster: string;
  database: string;
  incremental: Capability;
}) {
  const trpc = useTRPC();
  const windows = useQuery(
    trpc.clusters.gcWindows.queryOptions({ cluster, database }, { staleTime: 30_000 }),
  );
  return (
    <Stack gap="xs" component="section" aria-label="GC windows">
      <Title order={2}>GC windows of {quoteIdent(database)}</Title>
      {windows.error !== null && windows.data === undefined ? (
        <ErrorAlert error={windows.error} onRetry={() => void windows.refetch()} />
      ) : windows.data === undefined ? (
        <Loading h={120} label="Loading GC windows" />
      ) : windows.data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {incremental.available
            ? 'Nothing limits how far back the tables of this database can be read.'
            : 'None are known: there is nothing here that an incremental backup could read back to.'}
        </Text>
      ) : (
        <>
          <Text size="sm">
            An incremental backup must follow its base within the window of each table in it, the shortest of
            these: {formatWindow(shortest(windows.data))}. Past it, what changed since can’t be read any more,
            and the next backup has to be a full one.
          </Text>
          <DataTable
            key={database}
            label={`GC windows of ${database}`}
            columns={columns}
            data={windows.data}
            rowId={({ table }) => nameKey(table)}
            initialSort={SHORTEST_FIRST}
            minWidth={320}
          />
        </>
      )}
    </Stack>
  );
}
