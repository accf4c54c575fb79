'use client';
import { Group, Progress, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView, TableProgress } from '../../server/jobs/job.ts';
import { nameKey, printName } from '../../server/cluster/names.ts';
import { formatCount, percentOf } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Bytes, Count } from '../ui/figures.tsx';

const column = columnsFor<TableProgress>();
const columnsOf = (table: string) =>
  column.columns([
    column.accessor((row) => printName(row.name), { id: 'table', header: table }),
    column.accessor(doneFraction, {
      id: 'progress',
      header: 'Progress',
      cell: ({ row: { original } }) => <TableBar table={original} />,
      meta: { width: '220px', ownLine: true },
    }),
    column.accessor('tasksDone', {
      header: 'Tasks',
      cell: ({ row: { original } }) => `${formatCount(original.tasksDone)} of ${formatCount(original.tasks)}`,
      meta: { align: 'right', width: '120px', wideOnly: true },
    }),
    column.accessor('rows', {
      header: 'Rows',
      cell: ({ getValue }) => <Count value={getValue()} />,
      meta: { align: 'right', width: '120px' },
    }),
    column.accessor('bytes', {
      header: 'Bytes',
      cell: ({ getValue }) => <Bytes value={getValue()} />,
      meta: { align: 'right', width: '120px', wideOnly: true },
    }),
  ]);

/** A restore's tables are known by their names in the backup. */
const COLUMNS = { BACKUP: columnsOf('Table'), RESTORE: columnsOf('Table of the backup') } as const;

function doneFraction(table: TableProgress): number {
  return table.tasks === 0 ? 0 : table.tasksDone / table.tasks;
}

function TableBar({ table }: { table: TableProgress }) {
  const percent = percentOf(doneFraction(table));
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress
        value={percent}
        size="sm"
        color={percent === 100 ? 'green' : undefined}
        aria-label={`Progress of ${printName(table.name)}`}
        style={{ flex: 1 }}
      />
      <Text size="xs" c="dimmed" w={40} ta="right" className="tabular">
        {percent} %
      </Text>
    </Group>
  );
}

const NONE: TableProgress[] = [];

/** How far each table is. */
export function JobTables({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const ended = isFinal(job.state);
  const tables = useQuery(
    trpc.jobs.tables.queryOptions({ id: job.id }, { refetchInterval: ended ? false : 2_000 }),
  );
  if (tables.error !== null && tables.data === undefined) {
    return <ErrorAlert error={tables.error} onRetry={() => void tables.refetch()} />;
  }
  if (tables.data === undefined || tables.data.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Tables">
      <Title order={2}>
        {job.kind === 'RESTORE' && job.state === 'succeeded' ? 'What was restored' : 'Tables'}
      </Title>
      <DataTable
        label="Tables of the job"
        columns={COLUMNS[job.kind]}
        data={tables.data ?? NONE}
        rowId={({ name }) => nameKey(name)}
        minWidth={440}
      />
    </Stack>
  );
}
