import type { HeldBack } from '../cluster.ts';
import type { Connections } from './connections.ts';

/**
 * Implements Cluster.heldBack: rows stay while any snapshot might still see them
 * (https://www.postgresql.org/docs/current/routine-vacuuming.html), so the oldest one of ours tells what it costs.
 */
export async function heldBack(connections: Connections, database: string): Promise<HeldBack> {
  return connections.use(database, async (session) => {
    const [row] = await session.rows<{ transactions: string | null; deadRows: string | null }>(
      'ask what snapshots hold back',
      `SELECT (SELECT max(age(backend_xmin)) FROM pg_stat_activity
               WHERE datname = current_database() AND state = 'idle in transaction'
                 AND application_name = current_setting('application_name'))::text AS transactions,
              (SELECT sum(n_dead_tup) FROM pg_stat_user_tables)::text AS "deadRows"`,
    );
    return { transactions: Number(row?.transactions ?? 0), deadRows: Number(row?.deadRows ?? 0) };
  });
}
