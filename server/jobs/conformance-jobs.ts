import { describe, expect, it } from 'vitest';
import { type Desk, HERE, LEASE_MS, newJob, THERE } from './conformance-tools.ts';
import type { JobId, JobProgress, JobState } from './job.ts';
import type { ClaimedJob } from './ledger.ts';
import { Superseded } from './outcome.ts';
import type { JobRequest } from './requests.ts';

const STATES: readonly JobState[] = [
  'pending',
  'running',
  'pause-requested',
  'paused',
  'resuming',
  'cancel-requested',
  'reverting',
  'canceled',
  'succeeded',
  'failed',
];

const NO_RESUME = 'cannot be resumed';
const NO_PAUSE = 'cannot be requested to be paused';
const NO_CANCEL = 'cannot be requested to be canceled';

/** What becomes of a job in each state by a request: another state, the same one, or a refusal in CockroachDB's words. */
const REQUESTS: Record<JobRequest, Record<JobState, JobState | { refused: string }>> = {
  pause: {
    pending: 'paused',
    running: 'pause-requested',
    'pause-requested': 'pause-requested',
    paused: 'paused',
    resuming: 'paused',
    'cancel-requested': { refused: NO_PAUSE },
    reverting: 'pause-requested',
    canceled: { refused: NO_PAUSE },
    succeeded: { refused: NO_PAUSE },
    failed: { refused: NO_PAUSE },
  },
  resume: {
    pending: { refused: NO_RESUME },
    running: 'running',
    'pause-requested': { refused: NO_RESUME },
    paused: 'resuming',
    resuming: 'resuming',
    'cancel-requested': { refused: NO_RESUME },
    reverting: 'reverting',
    canceled: { refused: NO_RESUME },
    succeeded: { refused: NO_RESUME },
    failed: { refused: NO_RESUME },
  },
  cancel: {
    pending: 'canceled',
    running: 'cancel-requested',
    'pause-requested': { refused: NO_CANCEL },
    paused: 'cancel-requested',
    resuming: 'cancel-requested',
    'cancel-requested': 'cancel-requested',
    reverting: { refused: NO_CANCEL },
    canceled: 'canceled',
    succeeded: { refused: NO_CANCEL },
    failed: { refused: NO_CANCEL },
  },
};

const ERROR = { code: 'storage-full', message: 'no space is left', hint: 'Free some.' } as const;

function progress(given: Partial<JobProgress>): JobProgress {
  return {
    fraction: 0,
    rows: 0,
    bytes: 0,
    storedBytes: 0,
    estimatedBytes: 1000,
    runningStatus: 'exporting',
    ...given,
  };
}

/** What JobLedger promises, whatever keeps the jobs. */
export function jobConformance(desk: Desk): void {
  claims(desk);
  requests(desk);
  changes(desk);
}

function claims(desk: Desk): void {
  describe('a claim', () => {
    it('has a job that nobody has, and answers all that is known of it', async () => {
      const id = await desk.jobs.create(newJob({ cluster: 'other', user: 'maria', estimatedBytes: 42 }));
      expect(await desk.jobs.orphans()).toEqual([id]);
      const job = await desk.claim(id);
      expect(job).toMatchObject({
        id,
        epoch: 1,
        attempt: 0,
        kind: 'BACKUP',
        cluster: 'other',
        user: 'maria',
        estimatedBytes: 42,
        revertsTo: null,
        ...{ statement: newJob().statement, location: newJob().location, spec: newJob().spec },
      });
      expect(job.createdAt).toBeInstanceOf(Date);
      expect(await desk.jobs.standing(id)).toMatchObject({ state: 'running', attempt: 0, epoch: 1 });
      expect(await desk.subject.view(id)).toMatchObject({ state: 'running', coordinator: HERE.name });
      expect(await desk.jobs.orphans()).toEqual([]);
      expect(await desk.jobs.load(id)).toEqual({ cluster: 'other', spec: newJob().spec });
    });

    it('holds until its lease is over, which renewing puts off', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      expect(await desk.jobs.claim(job.id, THERE.name, LEASE_MS)).toBeNull();
      await desk.subject.passTime(0.8 * LEASE_MS);
      await desk.jobs.renew(job, LEASE_MS);
      await desk.subject.passTime(0.8 * LEASE_MS);
      expect(await desk.jobs.claim(job.id, THERE.name, LEASE_MS)).toBeNull();
      expect(await desk.jobs.orphans()).toEqual([]);
      await desk.subject.passTime(0.4 * LEASE_MS);
      expect(await desk.jobs.orphans()).toEqual([job.id]);
      const other = await desk.claim(job.id, THERE.name);
      expect(other.epoch).toBe(job.epoch + 1);
      expect(await desk.states(job.id)).toEqual(['pending', 'running']);
    });

    it('that is released leaves the job to anybody, at once or after a while', async () => {
      const first = await desk.claim(await desk.jobs.create(newJob()));
      await desk.jobs.release(first);
      await desk.jobs.release(first);
      expect(await desk.jobs.orphans()).toEqual([first.id]);
      const second = await desk.claim(first.id, THERE.name);
      // Late, of a claim that was not the latest any more.
      await desk.jobs.release(first);
      expect(await desk.jobs.claim(first.id, HERE.name, LEASE_MS)).toBeNull();
      await desk.jobs.release(second, 5_000);
      expect(await desk.jobs.claim(first.id, HERE.name, LEASE_MS)).toBeNull();
      expect(await desk.jobs.orphans()).toEqual([]);
      await desk.subject.passTime(5_100);
      expect(await desk.jobs.orphans()).toEqual([first.id]);
      expect((await desk.claim(first.id)).epoch).toBe(3);
    });

    it('of a job that is to be left alone for a while can be had once root has asked for something', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      await desk.jobs.release(job, 60_000);
      await desk.jobs.request(job.id, 'cancel');
      expect((await desk.claim(job.id)).epoch).toBe(2);
    });

    it('of a job that others came before throws Superseded from everything that would change it', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      await desk.subject.passTime(LEASE_MS + 100);
      await desk.claim(job.id, THERE.name);
      const guarded: Record<string, (claimed: ClaimedJob) => Promise<unknown>> = {
        renew: (claimed) => desk.jobs.renew(claimed, LEASE_MS),
        beginAttempt: (claimed) => desk.jobs.beginAttempt(claimed),
        transition: (claimed) => desk.jobs.transition(claimed, ['running'], 'succeeded'),
        'transition from elsewhere': (claimed) => desk.jobs.transition(claimed, ['paused'], 'running'),
        startRevert: (claimed) => desk.jobs.startRevert(claimed, 'failed', ERROR),
        setMoment: (claimed) => desk.jobs.setMoment(claimed, '2026-01-02T03:04:05.678Z'),
        progress: (claimed) => desk.jobs.progress(claimed, progress({ fraction: 0.5 })),
        advance: (claimed) => desk.jobs.advance(claimed, 0.5, 'sealing'),
      };
      for (const [name, change] of Object.entries(guarded))
        await expect(change({ ...job }), name).rejects.toThrow(Superseded);
      expect(await desk.subject.view(job.id)).toMatchObject({
        state: 'running',
        attempt: 0,
        fraction: 0,
        moment: null,
        coordinator: THERE.name,
      });
    });

    it('is of no job that has ended, is paused, or isn’t there', async () => {
      for (const state of ['paused', 'canceled', 'succeeded', 'failed'] as const) {
        const { id } = await desk.inState(state);
        await desk.subject.passTime(LEASE_MS + 100);
        expect(await desk.jobs.claim(id, THERE.name, LEASE_MS), state).toBeNull();
      }
      expect(await desk.jobs.orphans()).toEqual([]);
      expect(await desk.jobs.claim('1' as JobId, HERE.name, LEASE_MS)).toBeNull();
      await expect(desk.jobs.standing('1' as JobId)).rejects.toMatchObject({ code: 'undefined-job' });
      await expect(desk.jobs.load('1' as JobId)).rejects.toMatchObject({ code: 'undefined-job' });
    });

    it('of what is requested of a job leaves its state as it is', async () => {
      for (const state of ['pause-requested', 'cancel-requested', 'reverting'] as const) {
        const { id } = await desk.inState(state);
        await desk.subject.passTime(LEASE_MS + 100);
        await desk.claim(id, THERE.name);
        expect(await desk.state(id)).toBe(state);
      }
    });

    it('has a resumed job run again, or revert again where it did', async () => {
      const { id, claimed } = await desk.inState('paused');
      if (claimed !== null) await desk.jobs.release(claimed);
      await desk.jobs.request(id, 'resume');
      const again = await desk.claim(id);
      expect(await desk.state(id)).toBe('running');
      await desk.jobs.startRevert(again, 'failed', ERROR);
      await desk.jobs.request(id, 'pause');
      expect(await desk.jobs.transition(again, ['pause-requested'], 'paused')).toBe(true);
      await desk.jobs.release(again);
      await desk.jobs.request(id, 'resume');
      // Why it reverts is not over.
      expect((await desk.subject.view(id)).error).toEqual(ERROR);
      expect((await desk.claim(id)).revertsTo).toBe('failed');
      expect(await desk.state(id)).toBe('reverting');
    });
  });
}

function requests(desk: Desk): void {
  describe.each(Object.entries(REQUESTS))('the request to %s', (request, becomes) => {
    it.each(STATES)('of a job that is %s', async (state) => {
      const { id } = await desk.inState(state);
      const before = await desk.states(id);
      const expected = becomes[state];
      const asked = () => desk.jobs.request(id, request as JobRequest);
      if (typeof expected === 'string') {
        await asked();
        expect(await desk.state(id)).toBe(expected);
        expect(await desk.states(id)).toEqual(expected === state ? before : [...before, expected]);
        return;
      }
      await expect(asked()).rejects.toMatchObject({
        code: 'job-state',
        message: `job with status ${state} ${expected.refused}`,
      });
      expect(await desk.states(id)).toEqual(before);
    });
  });

  it('to cancel what is canceled already, or reverts to that, asks for nothing', async () => {
    const { id, claimed } = await desk.inState('running');
    if (claimed === null) throw new Error('not claimed');
    await desk.jobs.startRevert(claimed, 'canceled', null);
    await desk.jobs.request(id, 'cancel');
    expect(await desk.state(id)).toBe('reverting');
    await desk.jobs.request(id, 'pause');
    await desk.jobs.transition(claimed, ['pause-requested'], 'paused');
    await expect(desk.jobs.request(id, 'cancel')).rejects.toMatchObject({ code: 'job-state' });
  });

  it('for a job that isn’t there is refused in CockroachDB’s words', async () => {
    await expect(desk.jobs.request('4711' as JobId, 'pause')).rejects.toMatchObject({
      code: 'undefined-job',
      message: 'job with ID 4711 does not exist',
    });
  });

  it('to go on has the reason of a pause forgotten', async () => {
    const { id, claimed } = await desk.inState('running');
    if (claimed === null) throw new Error('not claimed');
    await desk.jobs.transition(claimed, ['running'], 'pause-requested', ERROR);
    await desk.jobs.transition(claimed, ['pause-requested'], 'paused');
    expect((await desk.subject.view(id)).error).toEqual(ERROR);
    await desk.jobs.request(id, 'resume');
    expect((await desk.subject.view(id)).error).toBeNull();
  });
}

function changes(desk: Desk): void {
  describe('a change of a job', () => {
    it('comes from the states named only, and ends it with the time and the reason', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      expect(await desk.jobs.transition(job, ['paused', 'reverting'], 'failed')).toBe(false);
      expect(await desk.state(job.id)).toBe('running');
      expect(await desk.jobs.startRevert(job, 'failed', ERROR)).toBe(true);
      // Asked again, since the answer was lost.
      expect(await desk.jobs.startRevert(job, 'failed', ERROR)).toBe(true);
      expect(await desk.jobs.startRevert(job, 'canceled', null)).toBe(false);
      expect(await desk.jobs.transition(job, ['reverting'], 'failed')).toBe(true);
      const view = await desk.subject.view(job.id);
      expect(view).toMatchObject({ state: 'failed', error: ERROR, runningStatus: null });
      expect(view.finishedAt).not.toBeNull();
      expect(await desk.jobs.orphans()).toEqual([]);
    });

    it('counts attempts, whose rows are counted from none, while the bar stays', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      await desk.jobs.beginAttempt(job);
      expect(job.attempt).toBe(1);
      await desk.jobs.setMoment(job, '2026-01-02T03:04:05.678Z');
      await desk.jobs.progress(job, progress({ fraction: 0.5, rows: 10, bytes: 100, storedBytes: 20 }));
      await desk.jobs.beginAttempt(job);
      expect(await desk.subject.view(job.id)).toMatchObject({
        attempt: 2,
        fraction: 0.5,
        rows: 0,
        bytes: 0,
        storedBytes: 0,
        moment: '2026-01-02T03:04:05.678Z',
      });
      expect((await desk.jobs.standing(job.id)).attempt).toBe(2);
    });

    it('of its progress never goes back, and makes an event only where something changed', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      const far = { fraction: 0.5, rows: 10, bytes: 100, storedBytes: 20 };
      await desk.jobs.progress(job, progress(far));
      await desk.jobs.progress(job, progress(far));
      await desk.jobs.progress(job, progress({ fraction: 0.4, rows: 9, bytes: 120, storedBytes: 0 }));
      await desk.jobs.progress(job, progress({ fraction: 0.4, rows: 9, bytes: 120, storedBytes: 0 }));
      expect(await desk.subject.view(job.id)).toMatchObject({ ...far, bytes: 120, estimatedBytes: 1000 });
      await desk.jobs.advance(job, 7, 'sealing');
      expect(await desk.subject.view(job.id)).toMatchObject({
        ...far,
        fraction: 1,
        bytes: 120,
        runningStatus: 'sealing',
      });
      const events = await desk.subject.events(job.id);
      expect(events.filter(({ type }) => type === 'progress').length).toBe(3);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    });

    it('tells for how long nothing has moved', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      await desk.subject.passTime(5_000);
      await desk.jobs.progress(job, progress({ runningStatus: 'something else' }));
      const { stillMs } = await desk.jobs.standing(job.id);
      expect(stillMs).toBeGreaterThanOrEqual(5_000);
      await desk.jobs.progress(job, progress({ rows: 1 }));
      expect((await desk.jobs.standing(job.id)).stillMs).toBeLessThan(5_000);
    });

    it('to have it revert is one that moves it', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      await desk.subject.passTime(5_000);
      await desk.jobs.startRevert(job, 'failed', ERROR);
      expect((await desk.jobs.standing(job.id)).stillMs).toBeLessThan(5_000);
    });

    it('that has ended takes no more of it, and log lines still', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      await desk.jobs.transition(job, ['running'], 'succeeded');
      await desk.jobs.progress(job, progress({ fraction: 0.5 }));
      await desk.jobs.log(job.id, 'one more thing', 'warning');
      expect((await desk.subject.view(job.id)).fraction).toBe(0);
      expect((await desk.subject.events(job.id)).at(-1)).toMatchObject({
        seq: 4,
        type: 'log',
        level: 'warning',
        message: 'one more thing',
      });
    });

    it('wakes who follows it', async () => {
      const job = await desk.claim(await desk.jobs.create(newJob()));
      const follower = desk.jobs.follow(job.id);
      const waiting = follower.next(60_000);
      await desk.jobs.transition(job, ['running'], 'paused');
      await waiting;
      follower.close();
    });
  });
}
