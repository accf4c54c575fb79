import { Kysely, PostgresDialect } from 'kysely';
import type { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { migrate, openMetadata } from '../metadata/open.ts';
import type { Metadata } from '../metadata/open.ts';
import type { MetadataTables } from '../metadata/schema.ts';
import { FIRST_OF_MANY, manyJobs } from '../testing/many-jobs.ts';
import type { JobEvent } from './job.ts';
import { JobLog } from './log.ts';

const JOBS = 20_000;
/** A list may look at no more rows than that: a tenth of them, where no filter's answer is that long. */
const MOST_READ = JOBS / 10;
const LATER = String(FIRST_OF_MANY + JOBS / 2);

let server: TestServer;
let metadata: Metadata;
let log: JobLog;
/** What `log` asked the store last. */
let asked: CompiledQuery[] = [];

beforeAll(async () => {
  server = await startTestServer();
  await server.exec('postgres', 'CREATE DATABASE holdfast');
  metadata = openMetadata(server.url.replace(/\/postgres$/, '/holdfast'));
  await migrate(metadata);
  const db = new Kysely<MetadataTables>({
    dialect: new PostgresDialect({ pool: metadata.pool }),
    log: ({ query }) => void asked.push(query),
  });
  log = new JobLog({ ...metadata, db });
  await server.exec('holdfast', manyJobs(JOBS));
  await server.exec('holdfast', 'VACUUM ANALYZE jobs');
});
afterAll(async () => {
  await metadata.close();
  await server.stop();
});

interface PlanNode {
  'Node Type': string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** How many rows of its tables and entries of its indexes a plan looked at. */
function rowsRead(node: PlanNode): number {
  const own = node['Node Type'].includes('Scan')
    ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    : 0;
  return own + (node.Plans ?? []).reduce((sum, each) => sum + rowsRead(each), 0);
}

async function readBy(list: () => Promise<unknown>): Promise<{ rows: number; columns: string }> {
  asked = [];
  await list();
  let rows = 0;
  for (const { sql, parameters } of asked) {
    const answer = await metadata.pool.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
      [...parameters],
    );
    for (const row of answer.rows) for (const { Plan } of row['QUERY PLAN']) rows += rowsRead(Plan);
  }
  return { rows, columns: asked.map(({ sql }) => sql).join() };
}

describe('a list of many jobs', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['the newest', () => log.page({ limit: 50 })],
    ['a later page', () => log.page({ limit: 50, cursor: LATER })],
    ['one kind', () => log.page({ limit: 50, kind: 'RESTORE' })],
    ['what has not ended', () => log.page({ limit: 200, state: 'active' })],
    ['what runs', () => log.page({ limit: 50, state: 'running' })],
    ['what is paused', () => log.page({ limit: 50, state: 'paused' })],
    ['what failed', () => log.page({ limit: 50, state: 'failed' })],
    ['restores that failed: none', () => log.page({ limit: 50, state: 'failed', kind: 'RESTORE' })],
    ['SHOW JOBS', () => log.recent(new Date(Date.now() - 12 * 3_600_000))],
    ['finished backups', () => log.finishedBackups()],
    ['the pace of a cluster', () => log.pace('cluster-3')],
  ])('reads few of them: %s', async (_, list) => {
    const { rows, columns } = await readBy(list);
    expect(rows).toBeGreaterThan(0);
    // Twice a row: in the index and in the table.
    expect(rows).toBeLessThanOrEqual(2 * MOST_READ);
    expect(columns).not.toContain('spec_sealed');
    expect(columns).not.toContain('*');
  });

  it('would be found out, were it to read them all', async () => {
    const all = metadata.db.selectFrom('jobs').select('id').where('location', '=', 'x').compile();
    const { rows } = await readBy(async () => {
      asked.push(all);
      await Promise.resolve();
    });
    expect(rows).toBe(JOBS);
  });

  it('shows every job once, page by page, with the beginning of a long statement', async () => {
    await server.exec(
      'holdfast',
      `UPDATE jobs SET statement = repeat('BACKUP ', 10000) WHERE id = ${FIRST_OF_MANY + JOBS}`,
    );
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await log.page({ limit: 150, cursor, state: 'failed' });
      ids.push(...page.jobs.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);
    expect(ids).toHaveLength(JOBS / 50);
    expect(new Set(ids).size).toBe(JOBS / 50);
    const { jobs } = await log.page({ limit: 2 });
    expect(jobs.map(({ statement }) => [statement.length, statement.endsWith('…')])).toEqual([
      [401, true],
      [jobs[1]?.statement.length, false],
    ]);
    expect((await log.view(String(FIRST_OF_MANY + JOBS))).statement).toHaveLength(70_000);
  });
});

describe('the events of a job with very many', () => {
  const JOB = String(FIRST_OF_MANY + 1);
  /** Every tenth is a line of the log; the last ends the job. */
  const EVENTS = 20_000;

  beforeAll(() =>
    server.exec(
      'holdfast',
      `INSERT INTO job_events SELECT ${JOB}, n, now(),
         CASE WHEN n = ${EVENTS} THEN '{"type":"state","state":"succeeded","error":null}'::jsonb
              WHEN n % 10 = 0 THEN jsonb_build_object('type', 'log', 'level', 'info', 'message', n)
              ELSE jsonb_build_object('type', 'progress', 'fraction', n / ${EVENTS}.0, 'rows', n, 'bytes', n, 'storedBytes', n,
                                      'estimatedBytes', ${EVENTS}, 'runningStatus', 'exporting') END
         FROM generate_series(1, ${EVENTS}) AS n WHERE n % 7 <> 0 OR n % 10 = 0;
       UPDATE jobs SET last_event = ${EVENTS} WHERE id = ${JOB}`,
    ),
  );

  async function batchesAfter(after: number): Promise<JobEvent[][]> {
    const batches = [];
    for await (const events of log.batches(JOB, after, undefined)) batches.push(events);
    return batches;
  }

  it('come many at a time, in order, the log in full, of the progress the latest', async () => {
    const batches = await batchesAfter(0);
    const events = batches.flat();
    expect(batches.length).toBeLessThan(10);
    const seqs = events.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((one, other) => one - other));
    expect(events.filter(({ type }) => type === 'log')).toHaveLength(EVENTS / 10 - 1);
    const progress = events.filter(({ type }) => type === 'progress');
    expect(progress.length).toBeLessThanOrEqual(60);
    expect(progress.at(-1)?.seq).toBeGreaterThan(EVENTS - 10);
    expect(events.at(-1)).toMatchObject({ seq: EVENTS, type: 'state', state: 'succeeded' });
  });

  it('come one by one and all of them to who asks for that', async () => {
    const types = new Map<string, number>();
    for await (const { type } of log.watch(JOB, 0, undefined)) types.set(type, (types.get(type) ?? 0) + 1);
    expect(types.get('log')).toBe(EVENTS / 10 - 1);
    expect(types.get('progress')).toBeGreaterThan(EVENTS / 2);
  });

  it('go on after the one that was seen last, whether it is still there or not', async () => {
    const events = (await batchesAfter(EVENTS - 14)).flat();
    expect(events.map(({ seq }) => seq)).toEqual([
      ...Array.from({ length: 14 }, (_, n) => EVENTS - 13 + n).filter(
        (seq) => seq % 7 !== 0 || seq % 10 === 0,
      ),
    ]);
    expect((await batchesAfter(EVENTS - 7)).flat()).toHaveLength(6 + (EVENTS % 7 === 0 ? 1 : 0));
  });
});
