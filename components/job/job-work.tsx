'use client';
import { Stack, Tabs, Title } from '@mantine/core';
import { usePathname, useSearchParams } from 'next/navigation';
import type { JobView } from '../../server/jobs/job.ts';
import { JobEngines } from './job-engines.tsx';
import { JobNodes } from './job-nodes.tsx';
import { JobTables } from './job-tables.tsx';
import { JobTasks } from './job-tasks.tsx';

const VIEWS = ['tables', 'nodes', 'engines', 'tasks'] as const;
export type WorkViewName = (typeof VIEWS)[number];

const LABELS: Record<WorkViewName, string> = {
  tables: 'Tables',
  nodes: 'Nodes',
  engines: 'Engines',
  tasks: 'Tasks',
};

/** Which view of the work is open: it is in the address, so that a reload keeps it. */
export function useWorkView(): [WorkViewName, (view: WorkViewName) => void] {
  const pathname = usePathname();
  const asked = useSearchParams().get('view');
  const view = VIEWS.find((each) => each === asked) ?? 'tables';
  return [
    view,
    (next) =>
      window.history.replaceState(null, '', next === 'tables' ? pathname : `${pathname}?view=${next}`),
  ];
}

/** How far the job is, from every side; only the side that is open is asked for. */
export function JobWork({
  job,
  view,
  onView,
}: {
  job: JobView;
  view: WorkViewName;
  onView: (view: WorkViewName) => void;
}) {
  // A verify asks no cluster.
  const hasNodes = job.kind !== 'VERIFY';
  return (
    <Stack gap="xs" component="section" aria-label="Work">
      <Title order={2}>Work</Title>
      <Tabs
        value={view}
        onChange={(next) => {
          const known = VIEWS.find((each) => each === next);
          if (known !== undefined) onView(known);
        }}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          {VIEWS.filter((each) => each !== 'nodes' || hasNodes).map((each) => (
            <Tabs.Tab key={each} value={each}>
              {LABELS[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="tables">
          <JobTables job={job} />
        </Tabs.Panel>
        <Tabs.Panel value="nodes">
          <JobNodes job={job} />
        </Tabs.Panel>
        <Tabs.Panel value="engines">
          <JobEngines job={job} />
        </Tabs.Panel>
        <Tabs.Panel value="tasks">
          <JobTasks job={job} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
