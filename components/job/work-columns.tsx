'use client';
import type { WorkProgress } from '../../server/jobs/progress.ts';
import { columnsFor } from '../ui/data-table.tsx';
import { Bytes, Count } from '../ui/figures.tsx';
import { shareOf, TasksDone, WorkBar } from './work-bar.tsx';

/** How many rows and bytes: the same in each table of a job's work. */
export function figureColumns<Row extends { rows: number; bytes: number }>() {
  const column = columnsFor<Row>();
  return column.columns([
    column.accessor((row) => row.rows, {
      id: 'rows',
      header: 'Rows',
      cell: ({ getValue }) => <Count value={getValue()} />,
      meta: { align: 'right', width: '120px' },
    }),
    column.accessor((row) => row.bytes, {
      id: 'bytes',
      header: 'Bytes',
      cell: ({ getValue }) => <Bytes value={getValue()} />,
      meta: { align: 'right', width: '100px', wideOnly: true },
    }),
  ]);
}

/** How far some work is, with its figures. `nameOf` is what its bar is called by. */
export function workColumns<Row extends WorkProgress>(nameOf: (row: Row) => string, tasksWidth: string) {
  const column = columnsFor<Row>();
  return column.columns([
    column.accessor((row) => shareOf(row), {
      id: 'progress',
      header: 'Progress',
      cell: ({ row: { original } }) => <WorkBar work={original} label={`Progress of ${nameOf(original)}`} />,
      meta: { width: '200px', ownLine: true },
    }),
    column.accessor((row) => row.tasksDone, {
      id: 'tasksDone',
      header: 'Tasks',
      cell: ({ row: { original } }) => <TasksDone work={original} />,
      meta: { align: 'right', width: tasksWidth },
    }),
    ...figureColumns<Row>(),
  ]);
}
