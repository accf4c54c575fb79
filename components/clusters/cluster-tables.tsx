'use client';
import { Card, Group, Select, Stack, Text, Title } from '@mantine/core';
import { skipToken, useQuery } from '@tanstack/react-query';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMemo } from 'react';
import type { Capability, CatalogObject } from '../../server/cluster/cluster.ts';
import { nameKey } from '../../server/cluster/names.ts';
import type { ObjectName } from '../../server/cluster/names.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { GcWindows } from './gc-windows.tsx';
import { clusterPath } from './paths.ts';
import { DatabasePrerequisites } from './prerequisites.tsx';
import { TableRanges } from './ranges/table-ranges.tsx';
import { Loading } from '../ui/loading.tsx';

/** Tables that the picker lists at a time; typing finds the others. */
const OFFERED = 100;

/** A database of the cluster to choose, with the ranges of a table of it and the GC windows of all. */
export function ClusterTables({ cluster, incremental }: { cluster: string; incremental: Capability }) {
  const trpc = useTRPC();
  const router = useRouter();
  const params = useSearchParams();
  const databases = useQuery(trpc.clusters.databases.queryOptions({ cluster }, { staleTime: 30_000 }));
  const names = useMemo(
    () =>
      (databases.data ?? [])
        .toSorted((a, b) => Number(a.system) - Number(b.system) || (a.name < b.name ? -1 : 1))
        .map(({ name }) => name),
    [databases.data],
  );
  const database = names.find((name) => name === params.get('database')) ?? names[0];
  const catalog = useQuery(
    trpc.clusters.catalog.queryOptions(database === undefined ? skipToken : { cluster, database }, {
      staleTime: 60_000,
    }),
  );
  const tables = useMemo(() => tablesOf(catalog.data?.objects ?? []), [catalog.data]);
  const asked = { schema: params.get('schema'), name: params.get('table') };
  const table =
    tables.find(({ schema, name }) => schema === asked.schema && name === asked.name) ?? tables[0];

  const go = (of: { database?: string; table?: ObjectName }) =>
    router.replace(clusterPath(cluster, of), { scroll: false });

  if (databases.error !== null && databases.data === undefined)
    return <ErrorAlert error={databases.error} onRetry={() => void databases.refetch()} />;
  if (databases.data === undefined) return <Loading h={220} label="Loading databases" />;
  if (database === undefined) return <Text c="dimmed">The cluster has no databases.</Text>;
  return (
    <>
      <Stack gap="xs" component="section" aria-label="Ranges">
        <Title order={2}>Ranges</Title>
        <Card>
          <Stack gap="md">
            <Group gap="md" grow preventGrowOverflow={false} align="flex-start">
              <Select
                label="Database"
                data={names}
                value={database}
                onChange={(next) => next !== null && go({ database: next })}
                allowDeselect={false}
                searchable
                miw={180}
                maw={320}
              />
              <Select
                label="Table"
                data={tables.map((each) => ({ value: nameKey(each), label: labelOf(each) }))}
                value={table === undefined ? null : nameKey(table)}
                onChange={(key) => {
                  const next = tables.find((each) => nameKey(each) === key);
                  if (next !== undefined) go({ table: next });
                }}
                allowDeselect={false}
                searchable
                limit={OFFERED}
                disabled={tables.length === 0}
                nothingFoundMessage="No such table"
                miw={180}
                maw={420}
              />
            </Group>
            {catalog.error !== null && catalog.data === undefined ? (
              <ErrorAlert error={catalog.error} onRetry={() => void catalog.refetch()} />
            ) : catalog.data === undefined ? (
              <Loading h={150} label="Loading tables" />
            ) : table === undefined ? (
              <Text size="sm" c="dimmed">
                This database has no tables.
              </Text>
            ) : (
              <TableRanges key={nameKey(table)} cluster={cluster} table={table} />
            )}
          </Stack>
        </Card>
      </Stack>
      <DatabasePrerequisites key={database} cluster={cluster} database={database} />
      <GcWindows cluster={cluster} database={database} incremental={incremental} />
    </>
  );
}

/** Tables, the largest first: that is what one comes to see. */
function tablesOf(objects: readonly CatalogObject[]): ObjectName[] {
  return objects
    .filter(({ kind }) => kind === 'table')
    .toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0) || (nameKey(a.name) < nameKey(b.name) ? -1 : 1))
    .map(({ name }) => name);
}

function labelOf({ schema, name }: ObjectName): string {
  return schema === 'public' ? name : `${schema}.${name}`;
}
