import { setImmediate } from 'node:timers/promises';
import { HoldfastError } from '../../errors.ts';
import type { ChangeBase, ChangeChunk, TableChanges } from '../cluster.ts';
import type { TableDescriptor } from '../descriptor.ts';
import { momentText } from '../moment.ts';
import { nameKey, printName } from '../names.ts';
import type { TableLife } from './life.ts';
import { deadlineOf, type Passage } from './passage.ts';
import { canceled, CHUNK_BYTES, MOST_AT_ONCE } from './read.ts';
import type { RowWriter } from './rows.ts';

/** Implements Cluster.planChanges: a base past the GC window is refused. */
export function planTableChanges(
  base: ChangeBase,
  tables: TableDescriptor[],
  now: Date,
  gcSeconds: number,
): TableChanges[] {
  const before = new Map(base.tables.map((table) => [nameKey(table.name), table]));
  const deadline = new Date(deadlineOf(base.moment, gcSeconds)).toISOString();
  return tables.map((table): TableChanges => {
    const reason = whyWhole(before.get(nameKey(table.name)), table);
    if (reason !== null) return { table: table.name, method: 'whole', reason };
    if (now.toISOString() > deadline)
      throw new HoldfastError(
        'unreadable-moment',
        `what changed in ${printName(table.name)} since ${momentText(base.moment)} can't be read any more: its GC window ended at ${deadline}`,
        {
          hint: `Take a full backup, and the next incremental one within ${gcSeconds} seconds of it.`,
          field: 'bases',
        },
      );
    return { table: table.name, method: 'feed', reason: null };
  });
}

function whyWhole(before: TableDescriptor | undefined, table: TableDescriptor): string | null {
  if (table.rowKey === null) return 'It has no key to tell its rows by.';
  if (before === undefined) return 'It is not in the base.';
  if (before.storage !== table.storage) return 'It is not the same table as in the base.';
  return null;
}

/** What reading the changes of a piece of a table goes by. */
export interface ChangedRows {
  life: TableLife;
  writeRow: RowWriter;
  writeKey: RowWriter;
  /** Ordinals: the first, and the one after the last. */
  first: number;
  end: number;
  /** Steps. */
  from: number;
  to: number;
  /** Not begun yet. */
  passage: Passage;
}

/** Implements Cluster.readChanges: looks at each ordinal's versions in both steps, and writes those that differ. */
export async function* changeChunks(
  { life, writeRow, writeKey, first, end, from, to, passage }: ChangedRows,
  signal: AbortSignal,
  doing: string,
): AsyncGenerator<ChangeChunk, void> {
  const texts = { rows: '', deleted: '' };
  function* filled(atLeast: number): Generator<ChangeChunk, void> {
    for (const kind of ['rows', 'deleted'] as const) {
      if (texts[kind].length < atLeast) continue;
      yield { kind, text: Buffer.from(texts[kind]) };
      texts[kind] = '';
    }
  }
  const going = async (on: Promise<void>): Promise<void> => {
    try {
      await on;
    } catch (error) {
      throw signal.aborted ? canceled(signal, doing) : error;
    }
  };
  if (signal.aborted) throw canceled(signal, doing);
  await going(passage.begin(first, signal));
  for (let ordinal = first; ordinal < end; ordinal++) {
    if (ordinal > first && (ordinal - first) % MOST_AT_ONCE === 0) {
      await setImmediate();
      await going(passage.goOn(ordinal, signal));
    }
    if (ordinal === passage.strikesAt) {
      yield* filled(1);
      await going(passage.strike(signal));
    }
    if (signal.aborted) throw canceled(signal, doing);
    const before = life.version(ordinal, from);
    const after = life.version(ordinal, to);
    if (before === after) continue;
    if (life.isThere(ordinal, after)) texts.rows += writeRow(ordinal, after);
    else if (life.isThere(ordinal, before)) texts.deleted += writeKey(ordinal, before);
    yield* filled(CHUNK_BYTES);
  }
  yield* filled(1);
}
