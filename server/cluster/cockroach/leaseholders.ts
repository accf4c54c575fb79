import { nodeId, type NodeId, type TablePiece } from '../cluster.ts';
import type { Moment } from '../moment.ts';
import { type ObjectName, printName } from '../names.ts';
import { countUp, Overlaps } from '../overlaps.ts';
import { canceled } from '../postgres/errors.ts';
import type { Connections } from './connections.ts';
import { tableSpan } from './key-span.ts';
import type { Schemas } from './schemas.ts';
import type { Session } from './session.ts';

/** So many ranges are listed at once, of which as many leaseholders are asked for at most. */
const LISTED_AT_ONCE = 2_000;

/**
 * Implements Cluster.leaseholders. The cluster goes through the list of all its ranges for each page of that list, and asks one
 * range after the other for its lease; ranges of no piece are not asked. Neither is asked for its size.
 */
export async function leaseholders(
  connections: Connections,
  schemas: Schemas,
  table: ObjectName,
  at: Moment,
  pieces: readonly TablePiece[],
  signal: AbortSignal,
): Promise<Map<NodeId, number>[]> {
  const doing = `look who leads the ranges of ${printName(table)}`;
  const counts = pieces.map(() => new Map<NodeId, number>());
  const { index } = await schemas.access(table, at);
  const whole = tableSpan(index);
  const spans = pieces.map(({ start, end }) => ({
    start: start === null ? whole.start : Buffer.from(start, 'hex'),
    end: end === null ? whole.end : Buffer.from(end, 'hex'),
  }));
  const last = spans.at(-1);
  if (last === undefined) return counts;
  const overlaps = new Overlaps(spans, (one, other) => Buffer.compare(one, other));
  await connections.use(table.database, async (session) => {
    let from = spans[0]?.start;
    while (from !== undefined) {
      if (signal.aborted) throw canceled(signal, doing);
      const ranges = await list(session, doing, from, last.end);
      const led = ranges.flatMap((range) => {
        const places = overlaps.of({ start: range.startKey, end: range.endKey });
        return places.length === 0 ? [] : [{ key: range.startKey, places }];
      });
      if (signal.aborted) throw canceled(signal, doing);
      const leads = await ask(
        session,
        doing,
        led.map(({ key }) => key),
      );
      for (const [nth, { places }] of led.entries())
        for (const place of places) countUp(counts[place], nodeId(leads[nth] ?? ''));
      from = ranges.length === LISTED_AT_ONCE ? ranges.at(-1)?.endKey : undefined;
    }
  });
  return counts;
}

function list(
  session: Session,
  doing: string,
  from: Buffer,
  to: Buffer,
): Promise<{ startKey: Buffer; endKey: Buffer }[]> {
  return session.rows(
    doing,
    `SELECT start_key AS "startKey", end_key AS "endKey" FROM crdb_internal.ranges_no_leases
     WHERE end_key > $1 AND start_key < $2 ORDER BY start_key LIMIT ${LISTED_AT_ONCE}`,
    [from, to],
  );
}

async function ask(session: Session, doing: string, keys: Buffer[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await session.rows<{ leaseholder: string }>(
    doing,
    `SELECT crdb_internal.lease_holder(decode(key, 'hex'))::STRING AS leaseholder
     FROM unnest($1::STRING[]) WITH ORDINALITY AS k (key, place) ORDER BY place`,
    [keys.map((key) => key.toString('hex'))],
  );
  return rows.map(({ leaseholder }) => leaseholder);
}
