import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { Cluster, TableRange } from './cluster.ts';
import type { DdlPhase, Descriptor, TableDescriptor } from './descriptor.ts';
import { neededToCreate } from './descriptor.ts';
import type { HeldMoment, Moment } from './moment.ts';
import { nameKey, type ObjectName } from './names.ts';

/** What tests of clusters share: reading tables whole, and copying a database by way of descriptors. */

/** Matches a text with this in it. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

export const never = new AbortController().signal;

export async function rangesOf(
  cluster: Cluster,
  table: ObjectName,
  at: Moment,
  targetBytes: number,
): Promise<TableRange[]> {
  const ranges: TableRange[] = [];
  for await (const range of cluster.ranges(table, at, targetBytes)) ranges.push(range);
  return ranges;
}

export async function readLines(
  cluster: Cluster,
  table: TableDescriptor,
  range: TableRange,
  at: Moment,
): Promise<string[]> {
  const text = (await buffer(await cluster.readRange(table, range, at, never))).toString('utf8');
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** All rows of a table at the moment, as lines of COPY text, by range. */
export async function readTable(
  cluster: Cluster,
  table: TableDescriptor,
  at: Moment,
  targetBytes: number,
): Promise<string[][]> {
  const ranges = await rangesOf(cluster, table.name, at, targetBytes);
  return Promise.all(ranges.map((range) => readLines(cluster, table, range, at)));
}

/** Whatever size of ranges is asked for, together they have each of these ids, the first column, exactly once. */
export async function expectCovered(
  cluster: Cluster,
  name: ObjectName,
  at: Moment,
  ids: number[],
): Promise<void> {
  const table = await describeTable(cluster, name, at);
  for (const targetBytes of [1, 10_000, 100_000, 1e12]) {
    const parts = await readTable(cluster, table, at, targetBytes);
    const found = parts.flat().map((line) => Number(line.split('\t')[0]));
    expect(new Set(found).size).toBe(found.length);
    expect(found.sort((a, b) => a - b)).toEqual([...ids].sort((a, b) => a - b));
  }
}

/** Descriptors of everything in the database that can be backed up. */
export async function describeAll(cluster: Cluster, database: string, at: Moment): Promise<Descriptor[]> {
  const { objects } = await cluster.catalog(database, at);
  const names = objects.filter((object) => object.unsupported === null).map((object) => object.name);
  return cluster.descriptors(names, at);
}

export async function describeTable(
  cluster: Cluster,
  name: ObjectName,
  at: Moment,
): Promise<TableDescriptor> {
  const [descriptor] = await cluster.descriptors([name], at);
  if (descriptor?.kind !== 'table') throw new Error(`${name.name} is not a table`);
  return descriptor;
}

/** Runs work at a moment of the databases and releases it. */
export async function atMoment<T>(
  cluster: Cluster,
  databases: string[],
  work: (at: Moment) => Promise<T>,
): Promise<T> {
  const held = await cluster.holdMoment(databases, null);
  try {
    return await work(held.moment);
  } finally {
    await held.release();
  }
}

/** The moment, held once more. */
export async function holdAlso(cluster: Cluster, moment: Moment): Promise<HeldMoment> {
  const held = await cluster.holdAlso(moment);
  if (held === null) throw new Error(`the moment ${moment.at} can't be held`);
  return held;
}

/** Needed objects before those that need them. */
function ordered(descriptors: Descriptor[]): Descriptor[] {
  const byName = new Map(descriptors.map((descriptor) => [nameKey(descriptor.name), descriptor]));
  const done = new Set<string>();
  const result: Descriptor[] = [];
  const visit = (descriptor: Descriptor) => {
    const key = nameKey(descriptor.name);
    if (done.has(key)) return;
    done.add(key);
    for (const { on } of neededToCreate(descriptor)) {
      const needed = byName.get(nameKey(on));
      if (needed !== undefined) visit(needed);
    }
    result.push(descriptor);
  };
  descriptors.forEach(visit);
  return result;
}

/**
 * Makes the database `to` from the descriptors and rows of `from`, in the order that DdlPhase documents; `source` is
 * the cluster that `from` is in. Answers the descriptors that it went by; `notes` gets what `runDdl` left out.
 */
export async function copyDatabase(
  cluster: Cluster,
  from: string,
  to: string,
  source: Cluster = cluster,
  notes: string[] = [],
): Promise<Descriptor[]> {
  const restore = '7';
  await cluster.createDatabase(to, restore);
  const descriptors = await atMoment(source, [from], async (at) => {
    const all = ordered(await describeAll(source, from, at));
    const run = async (phase: DdlPhase, ...kinds: Descriptor['kind'][]) => {
      const statements = all
        .filter((descriptor) => kinds.includes(descriptor.kind))
        .flatMap(({ ddl }) => ddl.filter((step) => step.phase === phase).map((step) => step.sql));
      notes.push(...(await cluster.runDdl(to, statements, never)));
    };
    for (const schema of new Set(all.map(({ name }) => name.schema)))
      await cluster.ensureSchema(to, schema, restore);
    for (const extension of new Set(all.flatMap(({ extensions }) => extensions ?? [])))
      await cluster.createExtension(to, extension, restore);
    await run('create', 'collation', 'type', 'function', 'sequence', 'table');
    await run('default', 'table');
    for (const table of all) {
      if (table.kind !== 'table') continue;
      for await (const range of source.ranges(table.name, at, 1_000_000))
        await cluster.load(to, table, await source.readRange(table, range, at, never), never);
    }
    for (const phase of ['keys', 'indexes', 'foreign-keys'] as const) await run(phase, 'table');
    for (const phase of ['create', 'indexes'] as const) await run(phase, 'view');
    await run('finish', 'collation', 'type', 'function', 'sequence', 'table', 'view');
    for (const sequence of all)
      if (sequence.kind === 'sequence')
        await cluster.setSequence(to, sequence.name, sequence.lastValue, sequence.isCalled);
    return all;
  });
  await cluster.closeLedger(to, restore);
  return descriptors;
}

/** A descriptor as it would be in another database, for comparison. Which stored rows it has is another thing there. */
export function inDatabase<T>(value: T, database: string): T {
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) =>
      key === 'database' ? database : key === 'storage' ? null : part,
    ),
  ) as T;
}

/** A stream that gives these lines and then fails. */
export function failing(lines: string[], error: Error): Readable {
  return Readable.from(
    (async function* () {
      yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
      await Promise.resolve();
      throw error;
    })(),
    { objectMode: false },
  );
}

export function linesOf(lines: string[]): Readable {
  return Readable.from([Buffer.from(lines.map((line) => `${line}\n`).join(''))], { objectMode: false });
}
