'use client';
import { Badge, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { printName } from '../../server/cluster/names.ts';
import type { TaskView } from '../../server/jobs/progress.ts';
import { formatBytes, formatCount, formatDuration } from '../format.ts';
import { useNow } from '../ui/clock.ts';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { Count } from '../ui/figures.tsx';
import classes from './tasks-table.module.css';

/** A running task whose rows have not moved for so long says so. */
const STILL_MS = 60_000;

const column = columnsFor<TaskView>();
const columns = column.columns([
  column.accessor('id', {
    header: 'Task',
    cell: ({ row: { original } }) => <TaskCell task={original} />,
  }),
  column.accessor('state', {
    header: 'State',
    cell: ({ row: { original } }) => <TaskState task={original} />,
    meta: { width: '150px' },
  }),
  column.accessor('node', {
    header: 'Node',
    cell: ({ getValue }) => getValue() ?? 'any',
    meta: { width: '70px' },
  }),
  column.accessor('engine', {
    header: 'Engine',
    cell: ({ getValue }) => <span style={{ overflowWrap: 'anywhere' }}>{getValue() ?? '–'}</span>,
    meta: { width: '160px', wideOnly: true },
  }),
  column.accessor('rows', {
    header: 'Rows',
    cell: ({ getValue }) => <Count value={getValue()} />,
    meta: { align: 'right', width: '100px' },
  }),
  column.accessor('bytes', {
    header: 'Bytes',
    cell: ({ row: { original } }) => <BytesCell task={original} />,
    meta: { align: 'right', width: '130px', wideOnly: true },
  }),
  column.display({
    id: 'took',
    header: 'Took',
    cell: ({ row: { original } }) => <Took task={original} />,
    meta: { align: 'right', width: '124px', wideOnly: true },
  }),
]);

function TaskCell({ task: { id, table, ranges, trouble, state } }: { task: TaskView }) {
  return (
    <Stack gap={2}>
      <span style={{ overflowWrap: 'anywhere' }}>
        <Text span inherit c="dimmed" className="tabular">
          {id}
        </Text>{' '}
        {printName(table)}
      </span>
      {ranges !== null && (
        <Text size="xs" c="dimmed" fw={400} className="tabular">
          {ranges.first === ranges.last
            ? `range ${formatCount(ranges.first + 1)}`
            : `ranges ${formatCount(ranges.first + 1)} to ${formatCount(ranges.last + 1)}`}
        </Text>
      )}
      {trouble !== null && state !== 'done' && (
        <Group gap={4} wrap="nowrap" align="flex-start">
          <IconAlertTriangle size={14} aria-label="Trouble" className={classes.trouble} />
          <Text size="xs" fw={400} style={{ overflowWrap: 'anywhere' }}>
            {trouble.message}
          </Text>
        </Group>
      )}
    </Stack>
  );
}

function looksOf({ state, trouble }: TaskView): { color: string; word: string } {
  switch (state) {
    case 'running':
      return { color: 'blue', word: 'running' };
    case 'done':
      return { color: 'green', word: 'done' };
    case 'failed':
      return { color: 'red', word: 'given up' };
    case 'held':
      return { color: 'gray', word: 'held back' };
    case 'waiting':
      return trouble === null
        ? { color: 'gray', word: 'waiting' }
        : { color: 'orange', word: 'to be retried' };
  }
}

function TaskState({ task }: { task: TaskView }) {
  const now = useNow();
  const { color, word } = looksOf(task);
  const moved = task.progressedAt ?? task.startedAt;
  const still = task.state === 'running' && moved !== null ? now - Date.parse(moved) : 0;
  return (
    <Stack gap={2}>
      <Badge color={color}>{word}</Badge>
      {task.tries > 1 && (
        <Text size="xs" c="dimmed">
          try {task.tries}
        </Text>
      )}
      {still >= STILL_MS && <Text size="xs">still for {formatDuration(still)}</Text>}
    </Stack>
  );
}

function BytesCell({ task: { state, bytes, estimatedBytes } }: { task: TaskView }) {
  if (state === 'done') return <span className="tabular">{formatBytes(bytes)}</span>;
  return (
    <span className="tabular">
      {bytes === 0 ? '' : `${formatBytes(bytes)} of `}≈ {formatBytes(estimatedBytes)}
    </span>
  );
}

function Took({ task: { startedAt, finishedAt, state } }: { task: TaskView }) {
  const now = useNow();
  if (startedAt === null || (finishedAt === null && state !== 'running')) return '–';
  const until = finishedAt === null ? now : Date.parse(finishedAt);
  return <span className="tabular">{formatDuration(Math.max(0, until - Date.parse(startedAt)))}</span>;
}

/** Tasks in the order given. */
export function TasksTable({ tasks }: { tasks: readonly TaskView[] }) {
  return (
    <DataTable
      label="Tasks of the job"
      columns={columns}
      data={tasks}
      rowId={({ id }) => String(id)}
      sortable={false}
      rowHeight={62}
      minWidth={720}
    />
  );
}
