'use client';
import { useQuery } from '@tanstack/react-query';
import { nameKey, printName } from '../../server/cluster/names.ts';
import type { JobView } from '../../server/jobs/job.ts';
import type { TableProgress } from '../../server/jobs/progress.ts';
import { useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Bytes, Count } from '../ui/figures.tsx';
import { refreshMs } from './refresh.ts';
import { shareOf, TasksDone, WorkBar } from './work-bar.tsx';
import { WorkPanel } from './work-panel.tsx';

const column = columnsFor<TableProgress>();
const columnsOf = (table: string) =>
  column.columns([
    column.accessor((row) => printName(row.name), {
      id: 'table',
      header: table,
      cell: ({ getValue }) => <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>,
    }),
    column.accessor(shareOf, {
      id: 'progress',
      header: 'Progress',
      cell: ({ row: { original } }) => (
        <WorkBar work={original} label={`Progress of ${printName(original.name)}`} />
      ),
      meta: { width: '200px', ownLine: true },
    }),
    column.accessor('tasksDone', {
      header: 'Tasks',
      cell: ({ row: { original } }) => <TasksDone work={original} />,
      meta: { align: 'right', width: '170px' },
    }),
    column.accessor('rows', {
      header: 'Rows',
      cell: ({ getValue }) => <Count value={getValue()} />,
      meta: { align: 'right', width: '120px' },
    }),
    column.accessor('bytes', {
      header: 'Bytes',
      cell: ({ getValue }) => <Bytes value={getValue()} />,
      meta: { align: 'right', width: '100px', wideOnly: true },
    }),
  ]);

/** A restore's tables are known by their names in the backup. */
const COLUMNS = { BACKUP: columnsOf('Table'), RESTORE: columnsOf('Table of the backup') } as const;

/** How far each table is. */
export function JobTables({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const tables = useQuery(
    trpc.jobs.tables.queryOptions({ id: job.id }, { refetchInterval: refreshMs(job.state) }),
  );
  return (
    <WorkPanel query={tables} none="No table has been planned yet.">
      {(rows) => (
        <DataTable
          label="Tables of the job"
          columns={COLUMNS[job.kind]}
          data={rows}
          rowId={({ name }) => nameKey(name)}
          minWidth={600}
        />
      )}
    </WorkPanel>
  );
}
