import { HoldfastError } from '../../../errors.ts';
import type { ChangeChunk, ChangeMethod, TableRange } from '../../cluster.ts';
import type { TableDescriptor } from '../../descriptor.ts';
import { KeySpool, PARTS } from '../../key-spool.ts';
import type { Moment } from '../../moment.ts';
import { printName } from '../../names.ts';
import { canceled } from '../../postgres/errors.ts';
import type { Connections, Lease } from '../connections.ts';
import { asOfClause } from '../hlc.ts';
import { tableRanges } from '../ranges.ts';
import { explain } from '../read.ts';
import type { Schemas } from '../schemas.ts';
import type { TableAccess } from '../table-access.ts';
import { compareRange } from './comparison.ts';
import { spoolChangedKeys } from './feed.ts';
import { type KeyTexts, parseFeedKey } from './keys.ts';
import { changesByKey, KEYS_A_STATEMENT } from './rows-by-key.ts';

export interface ChangesRead {
  table: TableDescriptor;
  method: Exclude<ChangeMethod, 'whole'>;
  range: TableRange;
  from: Moment;
  at: Moment;
  signal: AbortSignal;
  /** Told why the table is compared though a feed was asked for. */
  onCompared?: ((reason: string) => void) | undefined;
}

type Hlc = Extract<Moment, { kind: 'hlc' }>;

/** Implements Cluster.readChanges. */
export async function* readChanges(
  connections: Connections,
  schemas: Schemas,
  read: ChangesRead,
): AsyncGenerator<ChangeChunk, void> {
  const { table, from, at } = read;
  if (from.kind !== 'hlc' || at.kind !== 'hlc')
    throw new HoldfastError('unreadable-moment', 'the moments are not of a CockroachDB cluster');
  const access = await schemas.access(table.name, at);
  if (read.method === 'comparison') {
    yield* compared(connections, access, read, read.range, from);
    return;
  }
  const keys = new KeySpool();
  try {
    const reason = await follow(connections, read, from, at, keys);
    if (reason === null) {
      yield* byKey(connections, access, read, keys, from);
      return;
    }
    read.onCompared?.(`The changefeed that was tried can't serve: ${reason}`);
  } finally {
    await keys.dispose();
  }
  // Nothing has been given out yet, so the table can still be compared, range by range on their leaseholders.
  for await (const range of tableRanges(connections, schemas, table.name, at))
    yield* compared(connections, access, read, range, from);
}

/** Collects the keys that changed; answers why a changefeed can't serve this table, or null. */
async function follow(
  connections: Connections,
  { table, range, signal }: ChangesRead,
  from: Hlc,
  to: Hlc,
  keys: KeySpool,
): Promise<string | null> {
  const lease = await connections.acquireOn(range.leaseholder, table.name.database);
  try {
    const request = { table: table.name, from: from.timestamp, to: to.timestamp };
    await spoolChangedKeys(lease, request, keys, signal);
    return null;
  } catch (error) {
    if (signal.aborted) throw canceled(signal, `follow the changes of ${printName(table.name)}`);
    if (!(error instanceof HoldfastError) || PASSING.has(error.code)) throw error;
    return error.message;
  } finally {
    // It runs on in the cluster until its connection is closed.
    lease.release(true);
  }
}

/** Failures that say nothing of whether a changefeed can serve. */
const PASSING = new Set(['cluster-unavailable', 'cluster-denied', 'canceled', 'unreadable-moment']);

async function* byKey(
  connections: Connections,
  access: TableAccess,
  { table, range, at, signal }: ChangesRead,
  keys: KeySpool,
  from: Hlc,
): AsyncGenerator<ChangeChunk, void> {
  const { index } = access;
  const doing = `read the changed rows of ${printName(table.name)}`;
  const lease = await connections.acquireOn(range.leaseholder, table.name.database);
  yield* guarded(lease, { doing, access, at, signal }, async function* () {
    await lease.run('start a transaction', `BEGIN ${asOfClause(at)}`);
    let batch: KeyTexts[] = [];
    const read = { lease, table, index, signal };
    for (let part = 0; part < PARTS; part++) {
      for (const key of await keys.part(part)) {
        batch.push(parseFeedKey(key, index.columns));
        if (batch.length < KEYS_A_STATEMENT) continue;
        yield* changesByKey(read, batch, from.timestamp);
        batch = [];
      }
    }
    if (batch.length > 0) yield* changesByKey(read, batch, from.timestamp);
    await lease.run('end a transaction', 'COMMIT');
  });
}

async function* compared(
  connections: Connections,
  access: TableAccess,
  { table, at, signal }: ChangesRead,
  range: TableRange,
  from: Hlc,
): AsyncGenerator<ChangeChunk, void> {
  const doing = `compare range ${range.index} of ${printName(table.name)} with the base`;
  const lease = await connections.acquireOn(range.leaseholder, table.name.database);
  yield* guarded(lease, { doing, access, at, signal }, () =>
    compareRange({ lease, table, access, range, from, at, signal }),
  );
}

/** Gives the session back when the chunks end, closed unless all were read, and puts failures in words. */
async function* guarded(
  lease: Lease,
  { doing, access, at, signal }: { doing: string; access: TableAccess; at: Moment; signal: AbortSignal },
  chunks: () => AsyncGenerator<ChangeChunk, void>,
): AsyncGenerator<ChangeChunk, void> {
  let complete = false;
  try {
    yield* chunks();
    complete = true;
  } catch (error) {
    if (signal.aborted) throw canceled(signal, doing);
    throw explain(error, lease, doing, access, at);
  } finally {
    lease.release(!complete);
  }
}
