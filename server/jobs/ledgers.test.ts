import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { openSecrets } from '../accounts/secrets.ts';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import { systemClock } from '../clock.ts';
import { migrate, openMetadata } from '../metadata/open.ts';
import { ledgerConformance } from './conformance.ts';
import { EngineRoster } from './engines.ts';
import { JobLog } from './log.ts';
import { Installation, AT_ONCE } from './simulation/installation.ts';
import { eventsOf, MemoryJobs, viewOf } from './simulation/memory-jobs.ts';
import { MemoryRoster } from './simulation/memory-roster.ts';
import { MemoryTasks } from './simulation/memory-tasks.ts';
import { JobStore } from './store.ts';
import { TaskBoard } from './tasks.ts';

ledgerConformance('the metadata store', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-ledgers-'));
  const server = await startTestServer();
  await server.exec('postgres', 'CREATE DATABASE holdfast');
  const metadata = openMetadata(server.url.replace(/\/postgres$/, '/holdfast'));
  await migrate(metadata);
  const { now } = systemClock;
  const log = new JobLog(metadata);
  return {
    jobs: new JobStore(metadata, await openSecrets(directory), now),
    tasks: new TaskBoard(metadata, now),
    view: (id) => log.view(id),
    events: async (id) => {
      const rows = await metadata.db
        .selectFrom('job_events')
        .selectAll()
        .where('job_id', '=', id)
        .orderBy('seq')
        .execute();
      return rows.map(({ seq, at, body }) => ({ ...body, seq: Number(seq), at: at.toISOString() }));
    },
    passTime: async (ms) => {
      const earlier = (column: string) =>
        sql`${sql.ref(column)} = ${sql.ref(column)} - ${ms} * interval '1 ms'`;
      const columns = ['lease_until', 'retry_at', 'progressed_at'].map(earlier);
      await sql`UPDATE jobs SET ${sql.join(columns)}`.execute(metadata.db);
      await sql`UPDATE engines SET ${earlier('seen_at')}`.execute(metadata.db);
    },
    beat: (engine) => new EngineRoster(metadata).beat(engine, 1),
    clear: async () => {
      await metadata.db.deleteFrom('jobs').execute();
      await metadata.db.deleteFrom('engines').execute();
    },
    close: async () => {
      await metadata.close();
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
});

ledgerConformance('memory', async () => {
  let passed = 0;
  const there = new Installation(() => passed);
  const { now } = systemClock;
  const record = (id: Parameters<MemoryJobs['load']>[0]) => {
    const job = there.jobs.get(id);
    if (job === undefined) throw new Error(`no job ${id}`);
    return job;
  };
  return {
    jobs: new MemoryJobs(there, AT_ONCE, systemClock),
    tasks: new MemoryTasks(there, AT_ONCE, now),
    view: async (id) => viewOf(record(id)),
    events: async (id) => eventsOf(record(id)),
    passTime: async (ms) => {
      passed += ms;
    },
    beat: (engine) => new MemoryRoster(there, AT_ONCE).beat(engine, 1),
    clear: async () => {
      there.jobs.clear();
      there.engines.clear();
    },
    close: async () => undefined,
  };
});
