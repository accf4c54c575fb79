import { describe, expect, it } from 'vitest';
import { addTasks } from './add-tasks.ts';
import { type Desk, HERE, LEASE_MS, newTasks, NO_LIMITS, TABLE, THERE } from './conformance-tools.ts';
import type { TaskProgress, TaskTry } from './ledger.ts';
import { Superseded } from './outcome.ts';

const ERROR = { code: 'cluster-unavailable', message: 'the node is down', hint: null } as const;
const OTHER_ERROR = { code: 'internal', message: 'no such thing', hint: null } as const;
const HALF: TaskProgress = { rows: 5, bytes: 50, storedBytes: 0 };
const WHOLE: TaskProgress = { rows: 10, bytes: 90, storedBytes: 30 };
const RESULT = { files: [{ name: 'a', rows: 10 }], compared: null };
const [NEAR, FAR] = ['region=eu,zone=a', 'region=us,zone=b'];

/** What TaskLedger promises, whatever keeps the tasks. */
export function taskConformance(desk: Desk): void {
  plans(desk);
  picking(desk);
  aiming(desk);
  limits(desk);
  working(desk);
  totals(desk);
}

function plans(desk: Desk): void {
  describe('a plan', () => {
    it('is shared by the tasks of an attempt, as it was when the claim’s first task was picked', async () => {
      const job = await desk.running();
      await desk.tasks.share(job, { moment: 'first' });
      await desk.tasks.share(job, { moment: 'second' });
      await addTasks(desk.tasks, job, newTasks([{}, {}, {}]), 'waiting');
      expect(await desk.tasks.plans(job.id)).toEqual([
        { attempt: 1, context: { moment: 'second' }, planned: false, built: 0 },
      ]);
      await desk.tasks.markPlanned(job);
      await desk.tasks.noteBuilt(job, 3);
      expect(await desk.tasks.shared(await desk.picked('t1'))).toEqual({ moment: 'second' });
      await desk.subject.passTime(LEASE_MS + 100);
      const other = await desk.claim(job.id, THERE.name);
      await desk.tasks.share(other, { moment: 'third' });
      expect(await desk.tasks.shared(await desk.picked('t2'))).toEqual({ moment: 'third' });
      expect(await desk.tasks.plans(job.id)).toEqual([
        { attempt: 1, context: { moment: 'third' }, planned: true, built: 3 },
      ]);
      await desk.jobs.beginAttempt(other);
      expect((await desk.tasks.plans(job.id)).map(({ attempt }) => attempt)).toEqual([1]);
      await desk.tasks.share(other, { moment: 'fourth' });
      expect((await desk.tasks.plans(job.id)).map(({ attempt, context }) => [attempt, context])).toEqual([
        [2, { moment: 'fourth' }],
        [1, { moment: 'third' }],
      ]);
    });

    it('is changed by the latest claim only: who was thought dead, and wakes up, gets Superseded', async () => {
      const job = await desk.running();
      await desk.tasks.share(job, { moment: 'first' });
      await addTasks(desk.tasks, job, newTasks([{}]), 'held');
      await desk.subject.passTime(LEASE_MS + 100);
      const other = await desk.claim(job.id, THERE.name);
      const guarded: Record<string, () => Promise<unknown>> = {
        share: () => desk.tasks.share(job, { moment: 'second' }),
        add: () => addTasks(desk.tasks, job, newTasks([{}]), 'waiting'),
        markPlanned: () => desk.tasks.markPlanned(job),
        noteBuilt: () => desk.tasks.noteBuilt(job, 1),
        unhold: () => desk.tasks.unhold(job, 1),
        reopen: () => desk.tasks.reopen(job),
        reclaim: () => desk.tasks.reclaim(job, 0),
      };
      for (const [name, change] of Object.entries(guarded))
        await expect(change(), name).rejects.toThrow(Superseded);
      expect(await desk.tasks.plans(job.id)).toEqual([
        { attempt: 1, context: { moment: 'first' }, planned: false, built: 0 },
      ]);
      expect(await desk.tasks.totals(other)).toMatchObject({ tasks: 1, unpicked: 0 });
      expect(await desk.tasks.unhold(other, 1)).toBe(1);
    });

    it('of many tasks is told of in batches, each of which may be noted twice', async () => {
      const job = await desk.running();
      const batches: number[] = [];
      const many = Array.from({ length: 450 }, () => ({}));
      const added = async (count: number) => void batches.push(count);
      for (let time = 0; time < 2; time++)
        expect(await addTasks(desk.tasks, job, newTasks(many), 'waiting', added)).toBe(450);
      expect(batches).toEqual([200, 200, 50, 200, 200, 50]);
      expect(await desk.tasks.totals(job)).toMatchObject({
        tasks: 450,
        unpicked: 450,
        estimatedBytes: 45_000,
      });
    });

    it('has tasks begin again that nobody works on any more, and no others', async () => {
      const job = await desk.planned([{}, {}, {}, {}, {}]);
      await desk.subject.beat(HERE);
      await desk.subject.beat(THERE);
      const [gone, troubled, done] = [
        await desk.picked('t1', HERE),
        await desk.picked('t2', HERE),
        await desk.picked('t3', HERE),
      ];
      await desk.picked('t4', THERE);
      await desk.tasks.trouble(troubled, ERROR);
      await desk.tasks.finish(done, WHOLE, RESULT);
      await desk.subject.passTime(70_000);
      await desk.subject.beat(THERE);
      expect(await desk.tasks.reclaim(await desk.claim(job.id), 60_000)).toBe(2);
      expect(await desk.tasks.totals(job)).toMatchObject({ done: 1, running: 1, unpicked: 3 });
      // Whoever comes next begins them, and the try that is lost counts no more.
      expect(await desk.picked('t5', THERE)).toMatchObject({ id: gone.id, tries: 2, formerEngine: null });
      expect(await desk.tasks.progress(gone, HALF)).toBe(false);
      // The token that stood for it finds something else.
      expect(await desk.picked('t1', HERE)).toMatchObject({ id: troubled.id });
    });

    it('holds tasks back until they are let go, in their order', async () => {
      const job = await desk.running();
      await addTasks(desk.tasks, job, newTasks([{}, {}, {}]), 'held');
      expect(await desk.kind('t1')).toBe('nothing');
      expect(await desk.tasks.unhold(job, 2)).toBe(2);
      expect(await desk.tasks.unhold(job, 2)).toBe(0);
      expect(await desk.tasks.totals(job)).toMatchObject({ tasks: 3, unpicked: 2 });
      expect((await desk.picked('t1')).id).toBe(1);
      expect((await desk.picked('t2')).id).toBe(2);
      expect(await desk.kind('t3')).toBe('nothing');
    });

    it('is gone on with: what was begun or given up waits for any token, what is done stays so', async () => {
      const job = await desk.planned([{}, {}, {}, {}, {}]);
      const [done, troubled, failed] = [
        await desk.picked('t1'),
        await desk.picked('t2'),
        await desk.picked('t3'),
      ];
      const running = await desk.picked('t4');
      await desk.tasks.finish(done, WHOLE, RESULT);
      await desk.tasks.trouble(troubled, ERROR);
      await desk.tasks.fail(failed, OTHER_ERROR);
      expect(await desk.tasks.reopen(job)).toBe(4);
      expect(await desk.tasks.totals(job)).toMatchObject({
        done: 1,
        running: 0,
        unpicked: 4,
        failure: null,
        trouble: ERROR,
      });
      expect(await desk.tasks.progress(running, HALF)).toBe(false);
      expect(await desk.picked('t5')).toMatchObject({ id: 2, tries: 2 });
    });
  });
}

function picking(desk: Desk): void {
  describe('a token', () => {
    it('picks the first task that waits, with what is to do', async () => {
      const job = await desk.planned([{ node: '7' }, { node: null }]);
      expect(await desk.picked('t1')).toEqual({
        jobId: job.id,
        attempt: 1,
        id: 1,
        tries: 1,
        epoch: 1,
        formerEngine: null,
        table: TABLE,
        node: '7',
        body: { place: 1 },
      });
      expect(await desk.picked('t2')).toMatchObject({ id: 2, node: null, body: { place: 2 } });
      expect(await desk.kind('t3')).toBe('nothing');
    });

    it('stands for its task: whoever gets it next gets that one, in another try', async () => {
      await desk.planned([{}, {}]);
      const first = await desk.picked('t1');
      const second = await desk.picked('t1', THERE);
      expect(second).toEqual({ ...first, tries: 2, formerEngine: HERE.name });
      await desk.tasks.trouble(second, ERROR);
      // It waits, and for this token only.
      expect(await desk.picked('t2')).toMatchObject({ id: 2 });
      expect(await desk.kind('t3')).toBe('nothing');
      // Whoever had it said why it could not end it.
      expect(await desk.picked('t1')).toMatchObject({ id: 1, tries: 3, formerEngine: null });
    });

    it('is over once its task is done, given up, or of an attempt or a job that doesn’t run', async () => {
      const job = await desk.planned([{}, {}, {}, {}, {}]);
      const done = await desk.picked('t1');
      await desk.tasks.finish(done, WHOLE, RESULT);
      const failed = await desk.picked('t2');
      await desk.tasks.fail(failed, ERROR);
      await desk.picked('t3');
      for (const token of ['t1', 't2']) expect(await desk.kind(token), token).toBe('nothing');
      await desk.jobs.request(job.id, 'pause');
      for (const token of ['t3', 't4']) expect(await desk.kind(token), token).toBe('nothing');
      await desk.jobs.transition(job, ['pause-requested'], 'running');
      expect(await desk.kind('t3')).toBe('task');
      await desk.jobs.beginAttempt(job);
      await addTasks(desk.tasks, job, newTasks([{}]), 'waiting');
      expect(await desk.kind('t3')).toBe('nothing');
      expect(await desk.picked('t4')).toMatchObject({ attempt: 2, id: 1 });
    });

    it('finds something else to do once its task was given back', async () => {
      await desk.planned([{}, {}]);
      const first = await desk.picked('t1');
      expect(await desk.picked('t2')).toMatchObject({ id: 2 });
      await desk.tasks.giveBack(first);
      expect(await desk.picked('t3')).toMatchObject({ id: 1, tries: 2 });
      expect(await desk.kind('t1')).toBe('nothing');
    });

    it('picks from the job with the fewest running tasks, of several from the oldest', async () => {
      const one = await desk.planned([{}, {}, {}, {}]);
      await desk.picked('t1');
      const other = await desk.planned([{}, {}]);
      expect((await desk.picked('t2')).jobId).toBe(other.id);
      expect((await desk.picked('t3')).jobId).toBe(one.id);
      expect((await desk.picked('t4')).jobId).toBe(other.id);
      expect((await desk.picked('t5')).jobId).toBe(one.id);
    });

    it('picks what is near the engine before what is far', async () => {
      await desk.planned([
        { locality: FAR },
        { locality: 'region=eu' },
        { locality: 'region=eu,zone=ab' },
        { locality: NEAR },
        { locality: `${NEAR},rack=3` },
      ]);
      const engine = { name: 'near/1', locality: NEAR };
      const ids: number[] = [];
      for (const token of ['t1', 't2', 't3', 't4', 't5']) ids.push((await desk.picked(token, engine)).id);
      expect(ids).toEqual([4, 5, 2, 3, 1]);
    });
  });
}

function aiming(desk: Desk): void {
  describe('tasks that wait', () => {
    it('are told page by page, with what is to do, and none that somebody has', async () => {
      const job = await desk.planned([{}, { node: '2' }, {}, { node: null }, {}, {}]);
      const [done, given] = [await desk.picked('t1'), await desk.picked('t2')];
      await desk.tasks.finish(done, WHOLE, RESULT);
      await desk.picked('t3');
      const troubled = await desk.picked('t4');
      await desk.tasks.trouble(troubled, ERROR);
      await desk.tasks.giveBack(given);
      const [first, ...more] = await desk.tasks.waiting(job, 0, 2);
      expect(first).toEqual({ id: 2, table: TABLE, node: '2', body: { place: 2 } });
      expect(more.map(({ id }) => id)).toEqual([5]);
      expect((await desk.tasks.waiting(job, 5, 2)).map(({ id }) => id)).toEqual([6]);
      expect(await desk.tasks.waiting(job, 6, 2)).toEqual([]);
    });

    it('are aimed at another node, and picked for it', async () => {
      const job = await desk.planned([{ locality: FAR }, {}, {}]);
      const aimed = { id: 2, node: '3', locality: NEAR, body: { place: 'other' } };
      for (let time = 0; time < 2; time++) expect(await desk.tasks.aim(job, [aimed])).toEqual([2]);
      expect(await desk.picked('t1', { name: HERE.name, locality: NEAR })).toMatchObject({
        id: 2,
        tries: 1,
        node: '3',
        body: { place: 'other' },
      });
      expect(await desk.kind('t2', { node: 1 })).toBe('task');
      // The limit of a node goes by where it reads from now.
      await desk.tasks.aim(job, [{ id: 3, node: '3', locality: '', body: {} }]);
      expect(await desk.kind('t3', { node: 1 })).toBe('later');
    });

    it('stay as they are once somebody has them, had them and may again, or has done them', async () => {
      const job = await desk.planned([{}, {}, {}, {}]);
      const [done, troubled] = [await desk.picked('t1'), await desk.picked('t2')];
      await desk.picked('t3');
      await desk.tasks.finish(done, WHOLE, RESULT);
      await desk.tasks.trouble(troubled, ERROR);
      const aimed = [1, 2, 3, 4, 5].map((id) => ({ id, node: '3', locality: '', body: { place: 'other' } }));
      expect(await desk.tasks.aim(job, aimed)).toEqual([4]);
      expect(await desk.picked('t2')).toMatchObject({ id: 2, node: '1', body: { place: 2 } });
      expect(await desk.picked('t3')).toMatchObject({ id: 3, node: '1', body: { place: 3 } });
    });

    it('stay as they are for a claim that is not the latest', async () => {
      const job = await desk.planned([{}]);
      await desk.subject.passTime(LEASE_MS + 100);
      const other = await desk.claim(job.id, THERE.name);
      const aimed = [{ id: 1, node: '3', locality: '', body: { place: 'other' } }];
      await expect(desk.tasks.aim(job, aimed)).rejects.toThrow(Superseded);
      expect(await desk.tasks.waiting(other, 0, 9)).toMatchObject([{ node: '1', body: { place: 1 } }]);
      await desk.jobs.beginAttempt(other);
      expect(await desk.tasks.waiting(other, 0, 9)).toEqual([]);
      expect(await desk.tasks.aim(other, aimed)).toEqual([]);
    });
  });
}

function limits(desk: Desk): void {
  describe('a limit', () => {
    it('of all tasks holds over jobs and engines', async () => {
      await desk.planned([{}, {}]);
      await desk.planned([{}, {}]);
      const first = await desk.picked('t1', HERE, { all: 2 });
      await desk.picked('t2', THERE, { all: 2 });
      expect(await desk.kind('t3', { all: 2 })).toBe('later');
      // Running by an engine that is gone: it is not counted beside itself.
      expect(await desk.kind('t1', { all: 2 })).toBe('task');
      await desk.tasks.giveBack({ ...first, tries: 2 });
      expect(await desk.kind('t3', { all: 2 })).toBe('task');
    });

    it('of a job leaves the tasks of others to do', async () => {
      const one = await desk.planned([{}, {}]);
      const other = await desk.planned([{}]);
      expect((await desk.picked('t1', HERE, { job: 1 })).jobId).toBe(one.id);
      expect((await desk.picked('t2', HERE, { job: 1 })).jobId).toBe(other.id);
      expect(await desk.kind('t3', { job: 1 })).toBe('later');
      expect(await desk.kind('t3', { job: 2 })).toBe('task');
    });

    it('of a node leaves the tasks of others to do, also those of a node of that name in another cluster', async () => {
      await desk.planned([{ node: '1' }, { node: '1' }, { node: '2' }, { node: null }]);
      const node = { node: 1 };
      expect((await desk.picked('t1', HERE, node)).id).toBe(1);
      expect((await desk.picked('t2', HERE, node)).id).toBe(3);
      expect((await desk.picked('t3', HERE, node)).id).toBe(4);
      expect(await desk.kind('t4', node)).toBe('later');
      const elsewhere = await desk.planned([{ node: '1' }], { cluster: 'other' });
      expect((await desk.picked('t4', HERE, node)).jobId).toBe(elsewhere.id);
    });

    it('lets a task wait that its token has come back for', async () => {
      await desk.planned([{ node: '1' }, { node: '1' }]);
      await desk.tasks.trouble(await desk.picked('t1'), ERROR);
      const other = await desk.picked('t2', HERE, { node: 1 });
      expect(await desk.kind('t1', { node: 1 })).toBe('later');
      await desk.tasks.finish(other, WHOLE, RESULT);
      expect(await desk.picked('t1', HERE, { node: 1 })).toMatchObject({ id: 1, tries: 2 });
    });

    it('counts no task of a job that doesn’t run', async () => {
      const job = await desk.planned([{}]);
      await desk.picked('t1');
      await desk.planned([{}]);
      expect(await desk.kind('t2', { all: 1 })).toBe('later');
      await desk.jobs.request(job.id, 'pause');
      expect(await desk.kind('t2', { all: 1 })).toBe('task');
    });
  });
}

function working(desk: Desk): void {
  describe('a try', () => {
    it('counts as long as it is the latest, of the latest attempt of a job that runs', async () => {
      const job = await desk.planned([{}, {}]);
      const counts = async (task: TaskTry) => [
        await desk.tasks.progress(task, HALF),
        await desk.tasks.willWrite(task, `data/${task.tries}`),
      ];
      const first = await desk.picked('t1');
      expect(await counts(first)).toEqual([true, true]);
      const second = await desk.picked('t1', THERE);
      expect(await counts(first)).toEqual([false, false]);
      expect(await counts(second)).toEqual([true, true]);
      await desk.jobs.request(job.id, 'pause');
      expect(await counts(second)).toEqual([false, false]);
      await desk.jobs.transition(job, ['pause-requested'], 'running');
      expect(await counts(second)).toEqual([true, true]);
      await desk.jobs.beginAttempt(job);
      expect(await counts(second)).toEqual([false, false]);
      expect(await desk.tasks.files(job.id)).toEqual(['data/1', 'data/2', 'data/2']);
    });

    it('that ended without having done it changes nothing of a later one', async () => {
      const job = await desk.planned([{}]);
      const first = await desk.picked('t1');
      const second = await desk.picked('t1', THERE);
      await desk.tasks.trouble(first, ERROR);
      await desk.tasks.giveBack(first);
      await desk.tasks.fail(first, OTHER_ERROR);
      expect(await desk.tasks.totals(job)).toMatchObject({ running: 1, failure: null, trouble: null });
      await desk.tasks.progress(second, HALF);
      await desk.tasks.trouble(second, ERROR);
      expect(await desk.tasks.totals(job)).toMatchObject({
        running: 0,
        unpicked: 0,
        rows: 0,
        bytes: 0,
        trouble: ERROR,
      });
    });

    it('that is first to finish is the one that counts, also an earlier one', async () => {
      const job = await desk.planned([{}]);
      const first = await desk.picked('t1');
      const second = await desk.picked('t1', THERE);
      expect(await desk.tasks.finish(first, WHOLE, RESULT)).toBe(true);
      const other = { ...RESULT, files: [{ name: 'b', rows: 10 }] };
      expect(await desk.tasks.finish(second, WHOLE, other)).toBe(false);
      expect(await desk.tasks.progress(second, HALF)).toBe(false);
      await desk.tasks.trouble(second, ERROR);
      await desk.tasks.giveBack(second);
      await desk.tasks.fail(second, ERROR);
      expect(await desk.tasks.results(job)).toEqual([RESULT]);
      expect(await desk.tasks.totals(job)).toMatchObject({ done: 1, ...WHOLE, failure: null, trouble: null });
    });

    it('that asks again whether it was first hears that it was', async () => {
      const job = await desk.planned([{}]);
      const task = await desk.picked('t1');
      expect(await desk.tasks.finish(task, WHOLE, RESULT)).toBe(true);
      const turned = { compared: null, files: [{ rows: 10, name: 'a' }] };
      expect(await desk.tasks.finish(task, WHOLE, turned)).toBe(true);
      expect(await desk.tasks.results(job)).toEqual([RESULT]);
    });

    it('finishes a task that waits again, but none that was given up', async () => {
      const job = await desk.planned([{}, {}]);
      const [one, other] = [await desk.picked('t1'), await desk.picked('t2')];
      await desk.tasks.reopen(job);
      expect(await desk.tasks.finish(one, WHOLE, RESULT)).toBe(true);
      expect((await desk.picked('t3')).id).toBe(2);
      await desk.tasks.fail({ ...other, tries: 2 }, ERROR);
      expect(await desk.tasks.finish(other, WHOLE, RESULT)).toBe(false);
      expect(await desk.tasks.totals(job)).toMatchObject({ done: 1, failure: ERROR });
    });

    it('doesn’t finish a task of an attempt that is over: its files are no more', async () => {
      const job = await desk.planned([{}, {}]);
      const [one, other] = [await desk.picked('t1'), await desk.picked('t2')];
      expect(await desk.tasks.finish(one, WHOLE, RESULT)).toBe(true);
      await desk.jobs.beginAttempt(job);
      expect(await desk.tasks.finish(other, WHOLE, RESULT)).toBe(false);
      expect(await desk.tasks.leftovers(job)).toEqual([]);
    });

    it('leaves behind the names of its files', async () => {
      const job = await desk.planned([{}, {}]);
      await desk.tasks.willWrite(await desk.picked('t1'), 'a-0');
      await desk.tasks.willWrite(await desk.picked('t1'), 'a-1');
      await desk.tasks.willWrite(await desk.picked('t2'), 'b-0');
      expect(await desk.tasks.leftovers(job)).toEqual(['a-0', 'a-1']);
      await desk.jobs.beginAttempt(job);
      await addTasks(desk.tasks, job, newTasks([{}]), 'waiting');
      await desk.tasks.willWrite(await desk.picked('t3'), 'c-0');
      // Of the earlier attempt, what was being written still: it may have come after the others were removed.
      expect((await desk.tasks.leftovers(job)).sort()).toEqual(['a-0', 'a-1', 'b-0']);
      expect((await desk.tasks.files(job.id)).sort()).toEqual(['a-0', 'a-1', 'b-0', 'c-0']);
    });
  });
}

function totals(desk: Desk): void {
  describe('totals', () => {
    it('add up what is done and what is on its way', async () => {
      const job = await desk.planned([
        { estimatedBytes: 100 },
        { estimatedBytes: 40 },
        { estimatedBytes: 60 },
        { estimatedBytes: 7 },
      ]);
      await desk.tasks.finish(await desk.picked('t1'), WHOLE, RESULT);
      await desk.tasks.progress(await desk.picked('t2'), HALF);
      const third = await desk.picked('t3');
      await desk.tasks.fail(third, OTHER_ERROR);
      expect(await desk.tasks.totals(job)).toEqual({
        tasks: 4,
        done: 1,
        running: 1,
        unpicked: 1,
        rows: 15,
        bytes: 140,
        storedBytes: 30,
        doneEstimate: 140,
        estimatedBytes: 207,
        failure: OTHER_ERROR,
        trouble: null,
      });
    });

    it('of no tasks are none', async () => {
      const job = await desk.running();
      expect(await desk.tasks.totals(job)).toMatchObject({ tasks: 0, done: 0, rows: 0, estimatedBytes: 0 });
      expect(await desk.tasks.results(job)).toEqual([]);
      expect((await desk.tasks.pick('t1', HERE, NO_LIMITS)).kind).toBe('nothing');
    });

    it('keep results in the order of the plan', async () => {
      const job = await desk.planned([{}, {}, {}]);
      const tasks = [await desk.picked('t1'), await desk.picked('t2'), await desk.picked('t3')];
      for (const task of tasks.toReversed()) await desk.tasks.finish(task, WHOLE, { id: task.id });
      expect(await desk.tasks.results(job)).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    });
  });
}
