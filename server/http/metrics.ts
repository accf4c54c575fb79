import { sql } from 'kysely';
import { Gauge, Registry } from 'prom-client';
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
      for (const row of rows) this.set({ kind: row.kind, cluster: row.cluster }, Number(row.at));
    },
  });
  return registry;
}
