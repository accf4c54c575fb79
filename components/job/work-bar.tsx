'use client';
import { Group, Progress, Text } from '@mantine/core';
import type { WorkProgress } from '../../server/jobs/progress.ts';
import { formatCount, percentOf } from '../format.ts';

/** The share of the work that is done, 0 to 1: by bytes, and a little by tasks, since empty tables have no bytes. */
export function shareOf({ tasks, tasksDone, estimatedBytes, doneBytes }: WorkProgress): number {
  if (tasks === 0) return 0;
  const byTasks = tasksDone / tasks;
  return estimatedBytes === 0 ? byTasks : 0.9 * (doneBytes / estimatedBytes) + 0.1 * byTasks;
}

/** A bar with its percentage. */
export function WorkBar({ work, label }: { work: WorkProgress; label: string }) {
  const percent = percentOf(shareOf(work));
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress
        value={percent}
        size="sm"
        color={percent === 100 ? 'green' : undefined}
        aria-label={label}
        style={{ flex: 1 }}
      />
      <Text size="xs" c="dimmed" w={40} ta="right" className="tabular">
        {percent} %
      </Text>
    </Group>
  );
}

/** `12 of 40, 3 running`. */
export function TasksDone({ work: { tasks, tasksDone, tasksRunning } }: { work: WorkProgress }) {
  return (
    <span className="tabular">
      {formatCount(tasksDone)} of {formatCount(tasks)}
      {tasksRunning > 0 && (
        <Text span inherit c="dimmed">
          , {formatCount(tasksRunning)} running
        </Text>
      )}
    </span>
  );
}
