import pg from 'pg';
import type { Page } from 'playwright';
import { manyTasks } from '../server/testing/many-jobs.ts';
import type { TestHoldfast } from './holdfast.ts';

const JOB = '77';
const PAUSED = '78';
/** What the job has in its log and how fast it was until now. */
const EVENTS = `
  INSERT INTO job_events
    SELECT ${JOB}, 2 + n, now() - (90 - n) * interval '1 second',
           CASE WHEN n % 9 = 0 THEN jsonb_build_object('type', 'log', 'level', 'info', 'message', 'Task ' || n || ' started on engine-2.')
                WHEN n = 40 THEN '{"type":"log","level":"warning","message":"Task 204 (shop.public.table_20, node 1) failed on engine-1, try 2: node did not answer: timeout. Trying again."}'
                ELSE jsonb_build_object('type', 'progress', 'fraction', 0.4 + n * 0.001, 'rows', n * 100000, 'bytes', n::bigint * 50000000,
                                        'storedBytes', n * 10000000, 'estimatedBytes', 9000000000, 'runningStatus', 'exporting') END
      FROM generate_series(1, 90) AS n;
  UPDATE jobs SET last_event = 92, progressed_at = now() WHERE id = ${JOB}`;
const STUCK = `UPDATE jobs SET progressed_at = now() - interval '4 minutes' WHERE id = ${JOB}`;
const PAUSE = `
  UPDATE jobs SET state = 'paused', fraction = 0.31,
                  error = '{"code":"storage-full","message":"No space is left at s3://backups/nightly.","hint":"Make room there, or raise the quota."}'
   WHERE id = ${PAUSED};
  INSERT INTO job_events SELECT ${PAUSED}, 3, now(), jsonb_build_object('type', 'state', 'state', 'paused', 'error', error)
    FROM jobs WHERE id = ${PAUSED}`;
const CLEAN = `DELETE FROM jobs WHERE id IN (${JOB}, ${PAUSED}); DELETE FROM engines WHERE name LIKE 'engine-%'`;

/** The page of a job that runs on four engines, of one that is stuck, of one that paused by itself; no engine knows of them. */
export async function busyJobs(
  { embeddedUrl }: TestHoldfast,
  page: Page,
  shoot: (name: string) => Promise<void>,
): Promise<void> {
  const url = new URL(embeddedUrl);
  url.pathname = '/holdfast';
  const client = new pg.Client({ connectionString: url.toString() });
  await client.connect();
  try {
    await client.query(manyTasks(JOB, 2000));
    await client.query(manyTasks(PAUSED, 40));
    await client.query(EVENTS);
    await client.query(PAUSE);
    const work = page.getByRole('region', { name: 'Work' });
    for (const view of ['tables', 'nodes', 'engines', 'tasks']) {
      await page.goto(`/jobs/${JOB}?view=${view}`);
      await work.getByRole('table').waitFor();
      await page.getByRole('status', { name: 'Connection' }).getByText('Live').waitFor();
      await shoot(`job-${view}`);
    }
    await client.query(STUCK);
    await page.goto(`/jobs/${JOB}?view=tasks`);
    await page.getByText(/^Stuck for/).waitFor();
    await shoot('job-stuck');
    await page.goto(`/jobs/${PAUSED}`);
    await page.getByText(/^Paused by itself/).waitFor();
    await shoot('job-paused');
    await page.getByRole('button', { name: 'Cancel job' }).click();
    await page.getByRole('dialog').waitFor();
    await shoot('job-cancel');
    await page.goto('/jobs');
    await page.getByText('waits for you').waitFor();
    await page.getByRole('button', { name: `What to do with job ${JOB}` }).click();
    await shoot('jobs-open');
    await page.goto('/');
    await page.getByText(/1 job paused/).waitFor();
    await shoot('overview-open');
  } finally {
    await client.query(CLEAN);
    await client.end();
  }
}
