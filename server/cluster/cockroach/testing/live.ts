import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { runSql } from '../../../testing/run-sql.ts';

/** The cluster of the live tests, past every adapter. */
export interface Live {
  /** Of one of its nodes, database defaultdb. */
  url: string;
  /** The same for another database or user. */
  urlOf(database: string, user?: string): string;
  /** Runs SQL in a session of its own; answers the rows of the last statement. */
  exec(database: string, sql: string, user?: string): Promise<Record<string, unknown>[]>;
  /** Fills the database of one of CockroachDB's own workloads, with their flags. */
  initWorkload(workload: 'bank' | 'movr', flags: string[]): Promise<void>;
  kill(node: number): Promise<void>;
  restart(node: number): Promise<void>;
}

/** Why tests that kill nodes, or that need the binary, can't run here; null where they can. */
export function whyNotWhole(): string | null {
  const { binary, control } = inject('cockroach');
  if (control === null) return 'nodes of COCKROACH_URL are not killed';
  return binary === null ? 'there is no cockroach binary for `workload init`' : null;
}

/** What the global set-up started or found. */
export function liveCluster(): Live {
  const { url, binary, control } = inject('cockroach');
  const urlOf = (database: string, user?: string): string => {
    const other = new URL(url);
    other.pathname = `/${encodeURIComponent(database)}`;
    if (user !== undefined) other.username = user;
    return other.href;
  };
  const ask = async (path: string): Promise<void> => {
    if (control === null) throw new Error('the nodes of this cluster are not ours');
    const response = await fetch(`${control}${path}`, { method: 'POST' });
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    url,
    urlOf,
    exec: (database, sql, user) => runSql({ connectionString: urlOf(database, user) }, sql),
    async initWorkload(workload, flags) {
      if (binary === null) throw new Error('there is no cockroach binary');
      await promisify(execFile)(binary, ['workload', 'init', workload, ...flags, urlOf(workload)]);
    },
    kill: (node) => ask(`/${node}/kill`),
    restart: (node) => ask(`/${node}/restart`),
  };
}
