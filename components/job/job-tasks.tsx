'use client';
import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { nameKey, printName } from '../../server/cluster/names.ts';
import type { ObjectName } from '../../server/cluster/names.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { TASK_FILTERS } from '../../server/jobs/progress.ts';
import type { TaskCounts, TaskFilter } from '../../server/jobs/progress.ts';
import { formatCount } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { refreshMs } from './refresh.ts';
import { TasksTable } from './tasks-table.tsx';
import { WorkPanel } from './work-panel.tsx';

const PAGE_SIZE = 100;
/** Tables and nodes that a picker lists at a time; typing finds the others. */
const OFFERED = 100;

const WORDS: Record<TaskFilter, string> = {
  troubled: 'In trouble',
  running: 'Running',
  waiting: 'Waiting',
  held: 'Held back',
  done: 'Done',
  failed: 'Given up',
};

interface Narrowed {
  state: TaskFilter | null;
  table: ObjectName | null;
  node: string | null;
}

/**
 * The tasks, those that need a look first. One page of them is there at a time, and it alone is asked for anew: any number
 * of tasks is as quick as a hundred.
 */
export function JobTasks({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const [narrowed, setNarrowed] = useState<Narrowed>({ state: null, table: null, node: null });
  /** Cursors of the pages up to this one; the first has none. */
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const narrow = (by: Partial<Narrowed>) => {
    setNarrowed({ ...narrowed, ...by });
    setCursors([]);
  };
  const { state, table, node } = narrowed;
  const page = useQuery(
    trpc.jobs.tasks.queryOptions(
      {
        id: job.id,
        limit: PAGE_SIZE,
        cursor: cursors.at(-1) ?? null,
        state: state ?? undefined,
        table: table ?? undefined,
        node: node ?? undefined,
      },
      { refetchInterval: refreshMs(job.state), placeholderData: keepPreviousData },
    ),
  );
  const counts = page.data?.counts;
  const total = counts === undefined ? 0 : countOf(counts, state);
  const before = cursors.length * PAGE_SIZE;
  const next = page.data?.next ?? null;
  return (
    <Stack gap="sm">
      <TaskFilters job={job} narrowed={narrowed} counts={counts} narrow={narrow} />
      <WorkPanel
        query={{ ...page, data: page.data?.tasks }}
        none={state === null && table === null ? 'No task has been planned yet.' : 'There are no such tasks.'}
      >
        {(tasks) => (
          <>
            <TasksTable tasks={tasks} />
            {total > PAGE_SIZE && (
              <Group justify="space-between">
                <Text size="sm" c="dimmed" role="status" className="tabular">
                  {formatCount(before + 1)} to {formatCount(before + tasks.length)} of {formatCount(total)}
                </Text>
                <Group gap="xs">
                  <Button
                    variant="default"
                    size="xs"
                    disabled={cursors.length === 0}
                    onClick={() => setCursors(cursors.slice(0, -1))}
                  >
                    Previous
                  </Button>
                  <Button
                    variant="default"
                    size="xs"
                    disabled={next === null || page.isPlaceholderData}
                    onClick={() => next !== null && setCursors([...cursors, next])}
                  >
                    Next
                  </Button>
                </Group>
              </Group>
            )}
          </>
        )}
      </WorkPanel>
    </Stack>
  );
}

function countOf(counts: TaskCounts, state: TaskFilter | null): number {
  return state === null
    ? counts.running + counts.waiting + counts.held + counts.done + counts.failed
    : counts[state];
}

function TaskFilters({
  job,
  narrowed: { state, table, node },
  counts,
  narrow,
}: {
  job: JobView;
  narrowed: Narrowed;
  counts: TaskCounts | undefined;
  narrow: (by: Partial<Narrowed>) => void;
}) {
  const trpc = useTRPC();
  const tables = useQuery(trpc.jobs.tables.queryOptions({ id: job.id }, { staleTime: 30_000 })).data ?? [];
  const nodes = useQuery(trpc.jobs.nodes.queryOptions({ id: job.id }, { staleTime: 30_000 })).data ?? [];
  const named = nodes.flatMap((each) => (each.node === null ? [] : [each.node]));
  const labelled = (filter: TaskFilter | null, word: string) =>
    counts === undefined ? word : `${word} (${formatCount(countOf(counts, filter))})`;
  return (
    <Group gap="md" align="flex-end">
      <Select
        label="State"
        size="xs"
        w={190}
        allowDeselect={false}
        data={[
          { value: 'all', label: labelled(null, 'All') },
          ...TASK_FILTERS.filter((each) => each !== 'held' || (counts?.held ?? 0) > 0).map((each) => ({
            value: each,
            label: labelled(each, WORDS[each]),
          })),
        ]}
        value={state ?? 'all'}
        onChange={(value) => narrow({ state: TASK_FILTERS.find((each) => each === value) ?? null })}
      />
      {tables.length > 1 && (
        <Select
          label="Table"
          size="xs"
          w={240}
          clearable
          searchable
          limit={OFFERED}
          placeholder="All tables"
          nothingFoundMessage="No such table"
          data={tables.map(({ name }) => ({ value: nameKey(name), label: printName(name) }))}
          value={table === null ? null : nameKey(table)}
          onChange={(key) =>
            narrow({ table: tables.find(({ name }) => nameKey(name) === key)?.name ?? null })
          }
        />
      )}
      {named.length > 1 && (
        <Select
          label="Node"
          size="xs"
          w={140}
          clearable
          searchable
          limit={OFFERED}
          placeholder="All nodes"
          nothingFoundMessage="No such node"
          data={named.map((each) => ({ value: each, label: `node ${each}` }))}
          value={node}
          onChange={(value) => narrow({ node: value })}
        />
      )}
    </Group>
  );
}
