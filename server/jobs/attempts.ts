import type { ClaimedJob, RecordedPlan } from './ledger.ts';
import type { EngineTools } from './tools.ts';

// How a job of either kind is begun from its beginning, and gone on with.

/** Begins the job from its beginning; says so where that is not the first time, and answers whether it isn't. */
export async function beginAttempt(job: ClaimedJob, tools: EngineTools): Promise<boolean> {
  const again = job.attempt > 0;
  await tools.jobs.beginAttempt(job);
  if (again)
    await tools.jobs.log(
      job.id,
      `Attempt ${job.attempt}, coordinated by ${tools.engine.name}: starting over.`,
      'warning',
    );
  return again;
}

/** What an earlier coordinator planned for this attempt, where all of it is noted. */
export async function recordedPlan(job: ClaimedJob, tools: EngineTools): Promise<RecordedPlan | null> {
  if (job.attempt === 0) return null;
  const [latest] = await tools.tasks.plans(job.id);
  return latest?.planned === true && latest.attempt === job.attempt ? latest : null;
}

/** Has the tasks that are not done wait for engines again, says how far the job is, and answers how many wait. */
export async function goOn(job: ClaimedJob, tools: EngineTools): Promise<number> {
  const waiting = await tools.tasks.reopen(job);
  const { tasks, done } = await tools.tasks.totals(job);
  await tools.jobs.log(
    job.id,
    `Going on, coordinated by ${tools.engine.name}: ${done} of ${tasks} tasks are done.`,
  );
  return waiting;
}
