'use client';
import { Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { ObjectName } from '../../../server/cluster/names.ts';
import { plural } from '../../format.ts';
import { useTRPC } from '../../trpc.ts';
import { ErrorAlert } from '../../ui/errors.tsx';
import { Bytes } from '../../ui/figures.tsx';
import { leaseholdersOf } from './leaseholders.ts';
import type { TableMap } from './leaseholders.ts';
import { Legend } from './legend.tsx';
import { RangeMap } from './range-map.tsx';
import { RangeTable } from './range-table.tsx';
import { Loading } from '../../ui/loading.tsx';

const VIEWS = [
  { value: 'map', label: 'Map' },
  { value: 'table', label: 'Table' },
];

/** The ranges of one table: as a map, or as a table. */
export function TableRanges({ cluster, table }: { cluster: string; table: ObjectName }) {
  const trpc = useTRPC();
  const map = useQuery(trpc.clusters.tableMap.queryOptions({ cluster, table }, { staleTime: 15_000 }));
  if (map.error !== null && map.data === undefined)
    return <ErrorAlert error={map.error} onRetry={() => void map.refetch()} />;
  if (map.data === undefined) return <Loading h={150} label="Finding the ranges" />;
  return <Ranges map={map.data} />;
}

function Ranges({ map }: { map: TableMap }) {
  const [view, setView] = useState('map');
  const [marked, setMarked] = useState<string | null>(null);
  const leaseholders = useMemo(() => leaseholdersOf(map), [map]);
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="sm">
        <Text size="sm" className="tabular">
          {plural(map.total.ranges, 'range')} on {plural(map.leaseholders.length, 'node')},{' '}
          <Bytes value={map.total.bytes} />, ≈ {plural(map.total.rows, 'row')}
        </Text>
        <SegmentedControl aria-label="Show as" size="xs" data={VIEWS} value={view} onChange={setView} />
      </Group>
      {view === 'map' ? (
        <>
          <RangeMap map={map} leaseholders={leaseholders} marked={marked} />
          <Legend map={map} leaseholders={leaseholders} marked={marked} onMark={setMarked} />
        </>
      ) : (
        <RangeTable map={map} leaseholders={leaseholders} />
      )}
    </Stack>
  );
}
