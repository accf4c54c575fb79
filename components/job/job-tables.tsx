'use client';
import { useQuery } from '@tanstack/react-query';
import { nameKey, printName } from '../../server/cluster/names.ts';
import type { JobKind, JobView } from '../../server/jobs/job.ts';
import type { TableProgress } from '../../server/jobs/progress.ts';
import { KIND_WORDS } from '../jobs/kinds.ts';
import { useTRPC } from '../trpc.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { refreshMs } from './refresh.ts';
import { workColumns } from './work-columns.tsx';
import { WorkPanel } from './work-panel.tsx';

const column = columnsFor<TableProgress>();
const columnsOf = (table: string) =>
  column.columns([
    column.accessor((row) => printName(row.name), {
      id: 'table',
      header: table,
      cell: ({ getValue }) => <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>,
    }),
    ...workColumns<TableProgress>(({ name }) => printName(name), '170px'),
  ]);

const COLUMNS: Record<JobKind, ReturnType<typeof columnsOf>> = {
  BACKUP: columnsOf(KIND_WORDS.BACKUP.table),
  RESTORE: columnsOf(KIND_WORDS.RESTORE.table),
  VERIFY: columnsOf(KIND_WORDS.VERIFY.table),
  DRILL: columnsOf(KIND_WORDS.DRILL.table),
};

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
