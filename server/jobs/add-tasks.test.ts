import { expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { addTasks } from './add-tasks.ts';
import { newJob, newTasks } from './conformance-tools.ts';
import { enduring } from './enduring.ts';
import { AT_ONCE, Installation, type Link } from './simulation/installation.ts';
import { MemoryJobs } from './simulation/memory-jobs.ts';
import { MemoryTasks } from './simulation/memory-tasks.ts';

/** Every other call fails, as of a metadata store that is away; half of those are done all the same. */
function flaky(): Link {
  let calls = 0;
  return {
    transact: async (_, work) => {
      const call = calls++;
      if (call % 4 === 2) work();
      if (call % 2 === 0) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      return work();
    },
  };
}

it('notes every task once while the metadata store comes and goes', async () => {
  const there = new Installation(() => 0);
  const jobs = new MemoryJobs(there, AT_ONCE, systemClock);
  const job = await jobs.claim(await jobs.create(newJob()), 'here', 1000);
  if (job === null) throw new Error('the job can’t be claimed');
  await jobs.beginAttempt(job);
  const tasks = enduring(new MemoryTasks(there, flaky(), () => new Date()), {
    ...systemClock,
    sleep: async () => undefined,
  });
  const many = Array.from({ length: 450 }, () => ({}));
  expect(await addTasks(tasks, job, newTasks(many), 'waiting')).toBe(450);
  expect(there.tasks(job.id, job.attempt).map(({ id }) => id)).toEqual(many.map((_, index) => index + 1));
});
