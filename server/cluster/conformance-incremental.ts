import { describe, expect, it } from 'vitest';
import type { ChangeMethod, Cluster, TableChanges, TableRange } from './cluster.ts';
import { containing, describeAll, never, readTable } from './conformance-tools.ts';
import { storedColumns, type TableDescriptor } from './descriptor.ts';
import type { Moment } from './moment.ts';
import { nameKey, printName } from './names.ts';

/** Two moments of a database whose rows changed between them, both readable until `release`. */
export interface ChangedDatabase {
  database: string;
  from: Moment;
  at: Moment;
  /** A moment that no table can be read at any more. */
  collected: Moment;
  release(): Promise<void>;
}

/** What the suite goes by: a cluster that tells what changed, and something that changes in it. */
export interface IncrementalLab {
  readonly cluster: Cluster;
  /** Another adapter of the same cluster, closed by the test. */
  another(): Cluster;
  /** Some rows of some tables inserted, updated and deleted. */
  changed(): Promise<ChangedDatabase>;
}

/** What a table's changes came down to: whole rows by their keys, and keys of rows that are gone. */
export interface ReadChanges {
  rows: Map<string, string>;
  deleted: Set<string>;
}

function keyOf(table: TableDescriptor, line: string): string {
  const values = line.split('\t');
  const columns = storedColumns(table).map(({ name }) => name);
  return (table.rowKey ?? []).map((name) => values[columns.indexOf(name)]).join('\t');
}

/** All rows of a table at the moment, by their keys, as lines of COPY text. */
export async function rowsByKey(
  cluster: Cluster,
  table: TableDescriptor,
  at: Moment,
): Promise<Map<string, string>> {
  const lines = (await readTable(cluster, table, at, 1e6)).flat();
  const rows = new Map(lines.map((line) => [keyOf(table, line), line]));
  expect(rows.size, printName(table.name)).toBe(lines.length);
  return rows;
}

/**
 * Reads all changes of a table, range by range or all ranges as one, and sees to it that each key comes once and in one kind
 * only.
 */
export async function readAllChanges(
  cluster: Cluster,
  table: TableDescriptor,
  method: Exclude<ChangeMethod, 'whole'>,
  from: Moment,
  at: Moment,
  asOne = false,
): Promise<ReadChanges> {
  let ranges: TableRange[] = [];
  for await (const range of cluster.changeRanges(table, method, from, at)) ranges.push(range);
  expect(ranges.length).toBeGreaterThan(0);
  expect(ranges.map(({ index }) => index)).toEqual(ranges.map((_, index) => index));
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (asOne && first !== undefined && last !== undefined) ranges = [{ ...first, end: last.end }];
  const rows = new Map<string, string>();
  const deleted = new Set<string>();
  const seen = new Set<string>();
  for (const range of ranges)
    for await (const { kind, text } of cluster.readChanges(table, method, range, from, at, never)) {
      const lines = text.toString('utf8').split('\n');
      expect(lines.pop()).toBe('');
      for (const line of lines) {
        const key = kind === 'rows' ? keyOf(table, line) : line;
        expect(seen.has(key), `${printName(table.name)} ${key}`).toBe(false);
        seen.add(key);
        if (kind === 'rows') rows.set(key, line);
        else deleted.add(key);
      }
    }
  return { rows, deleted };
}

/** What becomes of rows by changes. */
export function applied(rows: ReadonlyMap<string, string>, changes: ReadChanges): Map<string, string> {
  const result = new Map(rows);
  for (const key of changes.deleted) result.delete(key);
  for (const [key, line] of changes.rows) result.set(key, line);
  return result;
}

/** The rows in an order of their own, for comparison. */
export function sorted(rows: ReadonlyMap<string, string>): string[] {
  return [...rows.values()].sort();
}

async function tablesOf(cluster: Cluster, database: string, at: Moment): Promise<TableDescriptor[]> {
  return (await describeAll(cluster, database, at)).filter((object) => object.kind === 'table');
}

/** What every adapter that offers incremental backups keeps, of a cluster in which something changes. */
export function incrementalConformance(lab: IncrementalLab): void {
  describe('incremental', () => {
    async function withChanges<T>(
      work: (changed: ChangedDatabase, tables: TableDescriptor[]) => Promise<T>,
    ): Promise<T> {
      const changed = await lab.changed();
      try {
        return await work(changed, await tablesOf(lab.cluster, changed.database, changed.at));
      } finally {
        await changed.release();
      }
    }

    async function planned(changed: ChangedDatabase, tables: TableDescriptor[]): Promise<TableChanges[]> {
      const base = {
        moment: changed.from,
        tables: await tablesOf(lab.cluster, changed.database, changed.from),
      };
      return lab.cluster.planChanges(base, tables, changed.at);
    }

    it('is offered, and what it needs is told', async () => {
      expect((await lab.cluster.describe()).incremental).toEqual({ available: true });
      for (const prerequisite of await lab.cluster.prerequisites()) expect(prerequisite.detail).not.toBe('');
      await expect(lab.cluster.meet('no such thing')).rejects.toMatchObject({ code: 'unsupported' });
      await withChanges(async ({ database }, tables) => {
        const windows = await lab.cluster.gcWindows(database);
        const names = tables.map(({ name }) => nameKey(name));
        for (const { table, seconds } of windows) {
          expect(names).toContain(nameKey(table));
          expect(seconds).toBeGreaterThan(0);
        }
      });
    });

    it('is planned table by table, in the order asked, with a reason for all but the cheapest', async () => {
      await withChanges(async (changed, tables) => {
        const plan = await planned(changed, tables.toReversed());
        expect(plan.map(({ table }) => table)).toEqual(tables.toReversed().map(({ name }) => name));
        for (const { table, method, reason } of plan) {
          if (method === 'feed') expect(reason).toBeNull();
          else expect(reason, printName(table)).toMatch(/\.$/);
          const key = tables.find(({ name }) => nameKey(name) === nameKey(table))?.rowKey;
          if (key === null) expect(method).toBe('whole');
        }
        expect(plan.some(({ method }) => method !== 'whole')).toBe(true);
      });
    });

    it('takes whole what was not in the base, or was another table there', async () => {
      await withChanges(async (changed, tables) => {
        const base = { moment: changed.from, tables: [] };
        const fresh = await lab.cluster.planChanges(base, tables, changed.at);
        expect(new Set(fresh.map(({ method }) => method))).toEqual(new Set(['whole']));
        const others = tables.map((table) => ({ ...table, storage: `not ${table.storage}` }));
        const replaced = await lab.cluster.planChanges({ ...base, tables: others }, tables, changed.at);
        expect(new Set(replaced.map(({ method }) => method))).toEqual(new Set(['whole']));
      });
    });

    it('has what makes the base’s rows the later ones, from any adapter', async () => {
      const other = lab.another();
      try {
        await withChanges(async (changed, tables) => {
          const sums = { rows: 0, deleted: 0 };
          for (const { table: name, method } of await planned(changed, tables)) {
            const table = tables.find((candidate) => nameKey(candidate.name) === nameKey(name));
            if (table === undefined || method === 'whole') continue;
            const before = await rowsByKey(lab.cluster, table, changed.from);
            const after = await rowsByKey(lab.cluster, table, changed.at);
            const changes = await readAllChanges(other, table, method, changed.from, changed.at);
            expect(sorted(applied(before, changes)), printName(name)).toEqual(sorted(after));
            sums.rows += changes.rows.size;
            sums.deleted += changes.deleted.size;
          }
          expect(sums.rows).toBeGreaterThan(0);
          expect(sums.deleted).toBeGreaterThan(0);
        });
      } finally {
        await other.close();
      }
    });

    it('is the same where neighbouring pieces are read as one', async () => {
      await withChanges(async (changed, tables) => {
        for (const { table: name, method } of await planned(changed, tables)) {
          const table = tables.find((candidate) => nameKey(candidate.name) === nameKey(name));
          if (table === undefined || method === 'whole') continue;
          const { from, at } = changed;
          const pieces = await readAllChanges(lab.cluster, table, method, from, at);
          const asOne = await readAllChanges(lab.cluster, table, method, from, at, true);
          expect(asOne, printName(name)).toEqual(pieces);
        }
      });
    });

    it('is refused where the base has left the window of a table, which is named', async () => {
      await withChanges(async (changed, tables) => {
        await expect(
          lab.cluster.planChanges({ moment: changed.collected, tables }, tables, changed.at),
        ).rejects.toMatchObject({
          code: 'unreadable-moment',
          field: 'bases',
          message: containing(changed.database),
          hint: containing(''),
        });
      });
    });

    it('is not read once the signal is aborted', async () => {
      await withChanges(async (changed, tables) => {
        const [first] = (await planned(changed, tables)).filter(({ method }) => method !== 'whole');
        const table = tables.find(({ name }) => first && nameKey(name) === nameKey(first.table));
        if (table === undefined || first === undefined || first.method === 'whole')
          throw new Error('no table whose changes can be read');
        const { method } = first;
        for await (const range of lab.cluster.changeRanges(table, method, changed.from, changed.at)) {
          const chunks = lab.cluster.readChanges(
            table,
            method,
            range,
            changed.from,
            changed.at,
            AbortSignal.abort(),
          );
          const read = async () => {
            for await (const { text } of chunks) throw new Error(`read ${text.length} bytes`);
          };
          await expect(read()).rejects.toMatchObject({ code: 'canceled' });
          break;
        }
      });
    });
  });
}
