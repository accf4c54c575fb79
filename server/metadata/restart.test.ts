import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { migrate, openMetadata, type Metadata } from './open.ts';
import { CHANNEL, type Follower, JobSignals } from './signals.ts';

/**
 * A metadata store whose server is started again. That no error goes unheard is tested along: the test's process would
 * report it.
 */

let server: TestServer;
let metadata: Metadata;

beforeAll(async () => {
  server = await startTestServer();
  metadata = openMetadata(server.url);
  await migrate(metadata);
});

afterAll(async () => {
  await metadata.close();
  await server.stop();
});

const jobs = () => metadata.db.selectFrom('jobs').select('id').execute();

async function outcome(work: Promise<unknown>): Promise<'done' | 'failed'> {
  return work.then(
    () => 'done',
    () => 'failed',
  );
}

describe.each(['fast', 'immediate'] as const)('a metadata store, after a %s shutdown,', (mode) => {
  it('fails what is asked of it, and answers once it is there again', async () => {
    // As many connections as there can be, all of them idle then.
    await Promise.all(Array.from({ length: 10 }, () => sql`SELECT pg_sleep(0.05)`.execute(metadata.db)));
    expect(metadata.pool.idleCount).toBe(10);
    const running = outcome(sql`SELECT pg_sleep(60)`.execute(metadata.db));
    const began = Promise.withResolvers<void>();
    const halted = Promise.withResolvers<void>();
    const between = outcome(
      metadata.db.transaction().execute(async (transaction) => {
        await sql`CREATE TABLE never (id int)`.execute(transaction);
        began.resolve();
        await halted.promise;
        await sql`SELECT 1`.execute(transaction);
      }),
    );
    await began.promise;
    await server.halt(mode);
    halted.resolve();
    expect(await running).toBe('failed');
    expect(await between).toBe('failed');
    for (let times = 0; times < 20; times++) expect(await outcome(jobs())).toBe('failed');

    await server.start();
    const answers = await Promise.all(Array.from({ length: 30 }, () => outcome(jobs())));
    expect(answers).toEqual(answers.map(() => 'done'));
    const { rows } = await sql`SELECT to_regclass('never') AS never`.execute(metadata.db);
    expect(rows).toEqual([{ never: null }]);
  });

  it('is never broken for good by what is asked while it goes and comes', async () => {
    const stop = new AbortController();
    const outcomes = new Set<string>();
    const asking = Array.from({ length: 15 }, async () => {
      while (!stop.signal.aborted) {
        outcomes.add(await outcome(jobs()));
        await sleep(2);
      }
    });
    await sleep(100);
    await server.halt(mode);
    await sleep(100);
    await server.start();
    stop.abort();
    await Promise.all(asking);
    expect([...outcomes].sort()).toEqual(['done', 'failed']);
    const answers = await Promise.all(Array.from({ length: 30 }, () => outcome(jobs())));
    expect(answers).toEqual(answers.map(() => 'done'));
  });

  it('is listened to again', async () => {
    const signals = new JobSignals(server.url);
    const follower = signals.follow('1', 'events');
    const notify = () => server.exec('postgres', `NOTIFY ${CHANNEL}, 'events 1'`);
    await heard(follower, notify);
    await server.halt(mode);
    // Long enough for some attempts in vain.
    await sleep(2_500);
    await server.start();
    await heard(follower, notify);
    follower.close();
    await signals.close();
  });
});

/** Notifies until a follower who would wait for a minute hears of it, having been quiet before. */
async function heard(follower: Follower, notify: () => Promise<unknown>): Promise<void> {
  const listens = async () => {
    // Without a connection it looks every quarter of a second, whatever it was asked for.
    const quiet = await isQuiet(follower, 1_000);
    if (!quiet) return false;
    const waiting = follower.next(60_000);
    await notify();
    await waiting;
    return true;
  };
  await expect.poll(listens, { timeout: 20_000 }).toBe(true);
}

/** Whether the follower waits for so long without being woken. */
async function isQuiet(follower: Follower, ms: number): Promise<boolean> {
  const woken = new AbortController();
  const next = follower.next(60_000, woken.signal).then(() => 'woken');
  const first = await Promise.race([next, sleep(ms).then(() => 'quiet')]);
  woken.abort();
  await next;
  return first === 'quiet';
}
