import type { KnownObject } from './catalog.ts';
import { ascendingPrefix } from './key-span.ts';
import type { Session } from './session.ts';
import { keysPerRow } from './stored-descriptor.ts';

/** Ranges of a database that are asked for their sizes, at most: each is a request to its leaseholder. */
const MOST_RANGES = 1000;

/**
 * Fills in rows (from the statistics that the cluster collects by itself, else from how many keys the ranges hold) and
 * bytes (from the statistics of the ranges, indexes and old versions of rows included) of tables. Both are of now, and
 * estimates.
 */
export async function addEstimates(session: Session, objects: KnownObject[]): Promise<void> {
  const tables = new Map(
    objects
      .filter(({ kind }) => kind === 'table' || kind === 'materialized-view')
      .map((one) => [one.id, one]),
  );
  if (tables.size === 0) return;
  const rows = await session.rows<{ id: string; rows: string }>(
    'read the table statistics',
    `SELECT DISTINCT ON ("tableID") "tableID" AS id, "rowCount" AS rows FROM system.table_statistics
     WHERE "tableID" = ANY ($1::INT8[]) ORDER BY "tableID", "createdAt" DESC`,
    [[...tables.keys()]],
  );
  for (const row of rows) {
    const table = tables.get(Number(row.id));
    if (table !== undefined) table.rows = Number(row.rows);
  }
  const sorted = [...tables.keys()].sort((a, b) => a - b);
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return;
  const sizes = await session.rows<{ id: string; bytes: string; keys: string }>(
    'read the sizes of ranges',
    `SELECT table_id AS id,
            sum((s->>'key_bytes')::INT8 + (s->>'val_bytes')::INT8)::STRING AS bytes,
            sum((s->>'live_count')::INT8)::STRING AS keys
     FROM (SELECT table_id, crdb_internal.range_stats(start_key) AS s
           FROM (SELECT table_id, start_key FROM crdb_internal.ranges_no_leases
                 WHERE start_key >= $1 AND start_key < $2 AND table_id = ANY ($3::INT8[]) LIMIT ${MOST_RANGES + 1}) AS r)
     GROUP BY table_id HAVING count(*) <= ${MOST_RANGES}`,
    [ascendingPrefix(first), ascendingPrefix(last + 1), sorted],
  );
  for (const { id, bytes, keys } of sizes) {
    const table = tables.get(Number(id));
    if (table === undefined) continue;
    table.bytes = Number(bytes);
    table.rows ??= Math.round(Number(keys) / (table.stored.table ? keysPerRow(table.stored.table) : 1));
  }
}
