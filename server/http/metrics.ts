import { sql } from 'kysely';
import { Gauge, Registry } from 'prom-client';
import { ENGINE_SILENCE_MS } from '../jobs/limits.ts';
import type { Metadata } from '../metadata/open.ts';

/** What Prometheus scrapes, read from the metadata store at each scrape: every console answers the same. */
export function metricsRegistry(metadata: Metadata): Registry {
  const registry = new Registry();
  new Gauge({
    name: 'holdfast_jobs',
    help: 'Jobs by kind and state.',
    labelNames: ['kind', 'state'],
    registers: [registry],
    async collect() {
      this.reset();
      const rows = await metadata.db
        .selectFrom('jobs')
        .select((eb) => ['kind', 'state', eb.fn.countAll<string>().as('count')])
        .groupBy(['kind', 'state'])
        .execute();
      for (const row of rows) this.set({ kind: row.kind, state: row.state }, Number(row.count));
    },
  });
  new Gauge({
    name: 'holdfast_last_success_timestamp_seconds',
    help: 'When the newest successful job of the kind ended, by cluster, in seconds since 1970.',
    labelNames: ['kind', 'cluster'],
    registers: [registry],
    async collect() {
      this.reset();
      const rows = await metadata.db
        .selectFrom('jobs')
        .select(['kind', 'cluster', sql<string>`extract(epoch FROM max(finished_at))`.as('at')])
        .where('state', '=', 'succeeded')
        .groupBy(['kind', 'cluster'])
        .execute();
      for (const { kind, cluster, at } of rows) this.set({ kind, ...labelOf(cluster) }, Number(at));
    },
  });
  new Gauge({
    name: 'holdfast_engines',
    help: 'Engines that are there.',
    registers: [registry],
    async collect() {
      const row = await metadata.db
        .selectFrom('engines')
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .where(sql<boolean>`seen_at > now() - ${ENGINE_SILENCE_MS} * interval '1 millisecond'`)
        .executeTakeFirstOrThrow();
      this.set(Number(row.count));
    },
  });
  new Gauge({
    name: 'holdfast_tasks',
    help: 'Tasks of running jobs by cluster and state.',
    labelNames: ['cluster', 'state'],
    registers: [registry],
    async collect() {
      this.reset();
      const rows = await metadata.db
        .selectFrom('jobs')
        .innerJoin('tasks', (join) =>
          join.onRef('tasks.job_id', '=', 'jobs.id').onRef('tasks.attempt', '=', 'jobs.attempt'),
        )
        .select((eb) => ['jobs.cluster', 'tasks.state', eb.fn.countAll<string>().as('count')])
        .where('jobs.state', '=', 'running')
        .groupBy(['jobs.cluster', 'tasks.state'])
        .execute();
      for (const { cluster, state, count } of rows) this.set({ ...labelOf(cluster), state }, Number(count));
    },
  });
  new Gauge({
    name: 'holdfast_standstill_seconds',
    help: 'For how long nothing has moved in the running job that has stood still for longest; 0 without running jobs.',
    registers: [registry],
    async collect() {
      const row = await metadata.db
        .selectFrom('jobs')
        .select(sql<number | null>`extract(epoch FROM now() - min(progressed_at))::float8`.as('seconds'))
        .where('state', '=', 'running')
        .executeTakeFirstOrThrow();
      this.set(Math.max(0, row.seconds ?? 0));
    },
  });
  return registry;
}

/** A job without a cluster has no label of one: https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
function labelOf(cluster: string | null): { cluster?: string } {
  return cluster === null ? {} : { cluster };
}
