import type { ChangeChunk, TableRange } from '../../cluster.ts';
import type { TableDescriptor } from '../../descriptor.ts';
import type { Moment } from '../../moment.ts';
import { alwaysQuote } from '../../names.ts';
import { KeySpool, PARTS } from '../../key-spool.ts';
import type { Lease } from '../connections.ts';
import { parseLine } from '../copy-rows.ts';
import { asOfClause } from '../hlc.ts';
import { copyLines } from '../lines.ts';
import { selectSql, source, whereRange } from '../read.ts';
import { streamCopyText } from '../rows/copy-text.ts';
import type { TableAccess } from '../table-access.ts';
import { columnList, type KeyTexts } from './keys.ts';
import { KEYS_A_STATEMENT, rowsByKey } from './rows-by-key.ts';

export interface Comparison {
  lease: Lease;
  table: TableDescriptor;
  access: TableAccess;
  range: TableRange;
  from: Extract<Moment, { kind: 'hlc' }>;
  at: Moment;
  signal: AbortSignal;
}

/**
 * What changed in a range, found by reading it as of both moments. Rows whose MVCC timestamp is past the base are new or
 * changed; keys that were there at the base and aren't any more are deleted.
 *
 * A row of several column families has the newest of their timestamps. One that lost a whole family (all of its columns
 * set to NULL) has lost that timestamp with it: which of such families a row has is compared too.
 */
export async function* compareRange(comparison: Comparison): AsyncGenerator<ChangeChunk, void> {
  const { lease, table, access, range, from, at, signal } = comparison;
  const stamp = `crdb_internal_mvcc_timestamp > ${from.timestamp}::DECIMAL`;
  const changed = streamCopyText(
    lease.client,
    `${selectSql(table, access.index, range, at)} AND ${stamp}`,
    signal,
  );
  for await (const text of changed as AsyncIterable<Buffer>) yield { kind: 'rows', text };

  const [before, after] = [new KeySpool(), new KeySpool()];
  try {
    await spoolKeys(comparison, from, before);
    await spoolKeys(comparison, at, after);
    yield* differences(comparison, before, after, `NOT (${stamp})`);
  } finally {
    await before.dispose();
    await after.dispose();
  }
}

/** Spools each row's key as COPY text, and behind it which of its optional families it has. */
async function spoolKeys(
  { lease, table, access, range, signal }: Comparison,
  at: Moment,
  spool: KeySpool,
): Promise<void> {
  const { index } = access;
  const optional = optionalFamilies(access, table).map(
    (columns) => `, ${columns.map((name) => `${alwaysQuote(name)} IS NULL`).join(' AND ')}`,
  );
  const keys = streamCopyText(
    lease.client,
    `SELECT ${columnList(index.columns)}${optional.join('')} FROM ${source(table, index)} ${asOfClause(at)} ` +
      `WHERE ${whereRange(range, index)}`,
    signal,
  );
  const width = index.columns.length;
  for await (const lines of copyLines(keys))
    for (const line of lines) await spool.add(line, optional.length === 0 ? line : fields(line, width));
}

/** The families that a row may lack: all but the first, where every column may be NULL. */
function optionalFamilies({ families }: TableAccess, { columns }: TableDescriptor): string[][] {
  const nullable = new Set(columns.filter((column) => column.nullable).map(({ name }) => name));
  return families.slice(1).filter((names) => names.length > 0 && names.every((name) => nullable.has(name)));
}

async function* differences(
  comparison: Comparison,
  before: KeySpool,
  after: KeySpool,
  notStamped: string,
): AsyncGenerator<ChangeChunk, void> {
  const { lease, table, access, at, signal } = comparison;
  const { index } = access;
  const width = index.columns.length;
  const lineWidth = width + optionalFamilies(access, table).length;
  const rowKey = new Set(table.rowKey);
  const shown = index.columns.flatMap(({ name }, position) => (rowKey.has(name) ? [position] : []));
  const otherFamilies: KeyTexts[] = [];
  const rows = async function* (): AsyncGenerator<ChangeChunk, void> {
    if (otherFamilies.length === 0) return;
    await lease.run('start a transaction', `BEGIN ${asOfClause(at)}`);
    while (otherFamilies.length > 0) {
      const keys = otherFamilies.splice(0, KEYS_A_STATEMENT);
      for await (const text of rowsByKey({ lease, table, index, signal }, keys, notStamped))
        yield { kind: 'rows', text };
    }
    await lease.run('end a transaction', 'COMMIT');
  };
  for (let part = 0; part < PARTS; part++) {
    const was = await before.part(part);
    const is = await after.part(part);
    const keysNow = width === lineWidth ? is : new Set([...is].map((line) => fields(line, width)));
    const gone: string[] = [];
    for (const line of was) {
      if (is.has(line)) continue;
      const key = fields(line, width);
      if (!keysNow.has(key)) gone.push(shown.map((position) => key.split('\t')[position]).join('\t'));
      else otherFamilies.push(parseLine(Buffer.from(key)).map((value) => value ?? ''));
    }
    if (gone.length > 0) yield { kind: 'deleted', text: Buffer.from(`${gone.join('\n')}\n`) };
    if (otherFamilies.length >= KEYS_A_STATEMENT) yield* rows();
  }
  yield* rows();
}

/** The first fields of a line of COPY text. */
function fields(line: string, count: number): string {
  let end = -1;
  for (let field = 0; field < count; field++) {
    end = line.indexOf('\t', end + 1);
    if (end < 0) return line;
  }
  return line.slice(0, end);
}
