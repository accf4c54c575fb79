import { ENGINE_SILENCE_MS } from './limits.ts';
import type { ClaimedJob, TaskTotals } from './ledger.ts';
import { EngineStopping, MomentLost, PauseRequested, Superseded } from './outcome.ts';
import { PAUSED_HOLD_MS, REPORT_MS } from './timing.ts';
import type { EngineTools } from './tools.ts';

/** How often a paused job whose moment is held is looked at. */
const LOOK_MS = 500;

/**
 * Waits until no engine works on a task of the job any more: they hear within REPORT_MS that they are to stop. An engine that is gone
 * isn't waited for longer than it could be there. Answers how far the tasks are then.
 */
export async function awaitQuiet(job: ClaimedJob, tools: EngineTools): Promise<TaskTotals> {
  const { clock } = tools;
  const until = clock.elapsed() + ENGINE_SILENCE_MS;
  for (;;) {
    const totals = await tools.tasks.totals(job);
    if (totals.running === 0 || clock.elapsed() >= until) return totals;
    await clock.sleep(REPORT_MS / 2, tools.stopping);
  }
}

/** Brings a job to `paused` that is to pause. Throws what the ledger throws. */
export async function pauseJob(job: ClaimedJob, tools: EngineTools): Promise<void> {
  const { tasks, done } = await awaitQuiet(job, tools);
  if (!(await tools.jobs.transition(job, ['pause-requested'], 'paused'))) return;
  if (tasks > 0) await tools.jobs.log(job.id, `Paused: ${done} of ${tasks} tasks are done, and stay so.`);
}

/**
 * Pauses a job whose moment would be gone with this coordinator, and keeps it until the job is resumed: returns then, and the job
 * runs. Throws PauseRequested once it has been held for long enough, MomentLost where it is gone anyway, and what else ends a
 * coordinator; then the job is as it was left.
 */
export async function waitWhilePaused(job: ClaimedJob, tools: EngineTools, lost: AbortSignal): Promise<void> {
  const { clock } = tools;
  await pauseJob(job, tools);
  const until = clock.elapsed() + PAUSED_HOLD_MS;
  for (;;) {
    if (tools.stopping.aborted) throw new EngineStopping();
    const { state, epoch } = await tools.jobs.standing(job.id);
    if (epoch !== job.epoch) throw new Superseded();
    if (state === 'resuming') {
      if (await tools.jobs.transition(job, ['resuming'], 'running')) return;
      continue;
    }
    if (state !== 'paused') throw new PauseRequested();
    if (lost.aborted) throw new MomentLost(lost.reason);
    if (clock.elapsed() > until) {
      await tools.jobs.log(
        job.id,
        `Its moment is let go after ${PAUSED_HOLD_MS / 60_000} minutes of pause, so that the server can clean up: resumed, it will start over.`,
        'warning',
      );
      throw new PauseRequested();
    }
    await clock.sleep(LOOK_MS, tools.stopping);
  }
}
