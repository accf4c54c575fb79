import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { named, type ReadingLab } from './conformance-lab.ts';
import {
  atMoment,
  containing,
  describeTable,
  expectCovered,
  holdAlso,
  never,
  rangesOf,
  readLines,
  readTable,
} from './conformance-tools.ts';
import type { HeldMoment, Moment } from './moment.ts';

/** The cluster, catalog, moments and ranges, as far as they can be seen without changing anything. */
export function readingConformance(kind: string, lab: ReadingLab): void {
  it('describes itself, the same each time', async () => {
    const info = await lab.cluster.describe();
    expect(info.kind).toBe(kind);
    expect(info.version).toMatch(/^\d+\.\d+/);
    expect(info.identity).not.toBe('');
    expect(info.nodes.length).toBeGreaterThan(0);
    expect(info.nodes.every((node) => /:\d+$/.test(node.address))).toBe(true);
    expect(new Set(info.nodes.map((node) => node.id)).size).toBe(info.nodes.length);
    expect((await lab.cluster.describe()).identity).toBe(info.identity);
  });

  it('lists databases and users', async () => {
    const { database } = await lab.fixture();
    const found = (await lab.cluster.databases()).find(({ name }) => name === database);
    expect(found).toMatchObject({ system: false });
    const { user } = await lab.cluster.describe();
    expect((await lab.cluster.users()).map(({ name }) => name)).toContain(user);
  });

  describe('catalog', () => {
    it('lists objects with their dependencies', async () => {
      const { database } = await lab.fixture();
      const { objects } = await lab.cluster.catalog(database);
      const dependencies = Object.fromEntries(
        objects.map(({ kind: sort, name, dependencies: list }) => [
          `${sort} ${name.schema}.${name.name}`,
          list.map(({ kind: why, on }) => `${why} ${on.schema}.${on.name}`).sort(),
        ]),
      );
      expect(dependencies).toEqual({
        'type public.mood': [],
        'sequence public.ticket': [],
        'table public.customers': ['type public.mood'],
        'table public.accounts': ['foreign-key public.customers', 'sequence public.ticket'],
        'table public.nothing': [],
        'table audit.log': [],
        'view public.rich': ['view public.accounts'],
        'view public.richest': ['view public.rich'],
      });
      expect(objects.every((object) => object.unsupported === null)).toBe(true);
      const accounts = objects.find(({ name }) => name.name === 'accounts');
      expect(accounts?.dependencies.find(({ kind: why }) => why === 'foreign-key')?.via).toBe(
        'accounts_customer',
      );
      expect(accounts?.bytes).toBeGreaterThan(0);
      expect(accounts?.rows).toBeGreaterThan(500);
    });
  });

  describe('moment', () => {
    it('can not be read in the past of the universe', async () => {
      const { database } = await lab.fixture();
      await expect(lab.cluster.holdMoment([database], '1970-01-02T00:00:00Z')).rejects.toMatchObject({
        code: 'unreadable-moment',
        field: 'asOf',
      });
    });
  });

  describe('a moment that is held twice', () => {
    it('outlives whoever held it first, and can be held again from there', async () => {
      const { database } = await lab.fixture();
      const name = named(database, 'accounts');
      const first = lab.subject.another();
      const held = await first.holdMoment([database], null);
      const table = await describeTable(first, name, held.moment);
      const rows = (await readTable(first, table, held.moment, 50_000)).flat().sort();
      const second = await holdAlso(lab.cluster, held.moment);
      await first.close();
      await lab.change(database);
      const again = async ({ moment }: HeldMoment) => {
        expect(await describeTable(lab.cluster, name, moment)).toEqual(table);
        expect((await readTable(lab.cluster, table, moment, 50_000)).flat().sort()).toEqual(rows);
      };
      await again(second);
      const third = await holdAlso(lab.cluster, second.moment);
      await second.release();
      await again(third);
      for (const { moment, lost } of [second, third]) {
        expect(moment.at).toBe(held.moment.at);
        expect(lost.aborted).toBe(false);
      }
      await third.release();
      // What a cluster keeps by itself needs nobody.
      for (const { moment } of [held, second, third]) {
        const left = await lab.cluster.holdAlso(moment);
        expect(left === null).toBe(moment.kind === 'snapshot');
        await left?.release();
      }
    });

    it('is nothing where it can not be read', async () => {
      const { database } = await lab.fixture();
      const old = { at: '2001-09-09T01:46:40.000Z' };
      const moments: Moment[] = [
        { ...old, kind: 'hlc', timestamp: '1000000000000000000.0000000000' },
        {
          ...old,
          kind: 'snapshot',
          databases: { [database]: { ...old, snapshot: '000000FF-7FFFFFFF-1', visible: '3:3:', lsn: '0/0' } },
        },
      ];
      for (const moment of moments) expect(await lab.cluster.holdAlso(moment)).toBeNull();
    });
  });

  describe('ranges', () => {
    it('are disjoint and cover the table', async () => {
      const { database, ids } = await lab.fixture();
      await atMoment(lab.cluster, [database], async (at) => {
        await expectCovered(lab.cluster, named(database, 'accounts'), at, ids);
      });
    });

    it('can be read as one with their neighbours, whoever serves those', async () => {
      const { database, ids } = await lab.fixture();
      await atMoment(lab.cluster, [database], async (at) => {
        const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
        const ranges = await rangesOf(lab.cluster, table.name, at, 20_000);
        const parts = await Promise.all(ranges.map((range) => readLines(lab.cluster, table, range, at)));
        expect(parts.flat()).toHaveLength(ids.length);
        for (const [first, last] of [
          [0, ranges.length],
          [0, 2],
          [1, ranges.length - 1],
          [ranges.length - 2, ranges.length],
        ] as const) {
          const [range, end] = [ranges[Math.max(0, first)], ranges[Math.min(ranges.length, last) - 1]];
          if (range === undefined || end === undefined) continue;
          const lines = await readLines(lab.cluster, table, { ...range, end: end.end }, at);
          expect(lines.sort()).toEqual(parts.slice(Math.max(0, first), last).flat().sort());
        }
      });
    });

    it('are led by nodes of the cluster, piece by piece and as one', async () => {
      const { database } = await lab.fixture();
      const nodes = new Set((await lab.cluster.describe()).nodes.map(({ id }) => id));
      await atMoment(lab.cluster, [database], async (at) => {
        for (const name of ['accounts', 'nothing']) {
          const table = named(database, name);
          const ranges = await rangesOf(lab.cluster, table, at, 20_000);
          for (const pieces of [ranges, ranges.slice(-1), [{ start: null, end: null }]]) {
            const leads = await lab.cluster.leaseholders(table, at, pieces, never);
            expect(leads).toHaveLength(pieces.length);
            for (const each of leads) {
              expect(each.size).toBeGreaterThan(0);
              for (const [node, count] of each) {
                expect(nodes).toContain(node);
                expect(count).toBeGreaterThan(0);
              }
            }
          }
          expect(await lab.cluster.leaseholders(table, at, [], never)).toEqual([]);
        }
      });
    });

    it('are at least one, also of an empty table, and numbered in order', async () => {
      const { database } = await lab.fixture();
      const { nodes } = await lab.cluster.describe();
      await atMoment(lab.cluster, [database], async (at) => {
        const [empty, ...more] = await rangesOf(lab.cluster, named(database, 'nothing'), at, 1000);
        expect(empty).toMatchObject({ index: 0, start: null, end: null });
        expect(more).toEqual([]);
        const ranges = await rangesOf(lab.cluster, named(database, 'accounts'), at, 50_000);
        expect(ranges.map(({ index }) => index)).toEqual(ranges.map((_, index) => index));
        expect(ranges[0]?.start).toBeNull();
        expect(ranges.at(-1)?.end).toBeNull();
        for (const { leaseholder } of ranges) expect(nodes.map(({ id }) => id)).toContain(leaseholder);
      });
    });

    it('can be read in part: an abort or a destroyed stream leaves no session busy', async () => {
      const { database, ids } = await lab.fixture(64_000);
      await atMoment(lab.cluster, [database], async (at) => {
        const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
        const [range] = await rangesOf(lab.cluster, table.name, at, 1e12);
        if (range === undefined) throw new Error('no range');
        // More than there are connections: each must be given back.
        for (let i = 0; i < 20; i++) {
          const abort = new AbortController();
          const stream = await lab.cluster.readRange(table, range, at, abort.signal);
          const closed = new Promise((resolve) => stream.once('close', resolve));
          const failure = new Promise<unknown>((resolve) => stream.once('error', resolve));
          await new Promise((resolve) => stream.once('data', resolve));
          stream.pause();
          if (i % 2 === 0) {
            abort.abort();
            expect(await failure).toMatchObject({ code: 'canceled' });
          } else stream.destroy();
          await closed;
        }
        expect((await readTable(lab.cluster, table, at, 1e6)).flat()).toHaveLength(ids.length);
      });
      await expect.poll(() => lab.subject.sessions(), { timeout: 5000 }).toBeLessThan(20);
    });

    it('are not read once the signal is aborted', async () => {
      const { database } = await lab.fixture();
      await atMoment(lab.cluster, [database], async (at) => {
        const table = await describeTable(lab.cluster, named(database, 'accounts'), at);
        const [range] = await rangesOf(lab.cluster, table.name, at, 1e12);
        if (range === undefined) throw new Error('no range');
        await expect(lab.cluster.readRange(table, range, at, AbortSignal.abort())).rejects.toMatchObject({
          code: 'canceled',
        });
      });
    });
  });

  describe('reading refused', () => {
    it('names what does not exist', async () => {
      const { database } = await lab.fixture();
      const missing = { code: 'undefined-database', message: containing('no such db') };
      await expect(lab.cluster.catalog('no such db')).rejects.toMatchObject(missing);
      await expect(lab.cluster.holdMoment([database, 'no such db'], null)).rejects.toMatchObject(missing);
      const gone = named(database, 'gone');
      const undefinedObject = { code: 'undefined-object', message: containing('gone') };
      await atMoment(lab.cluster, [database], async (at) => {
        await expect(lab.cluster.descriptors([gone], at)).rejects.toMatchObject(undefinedObject);
        await expect(rangesOf(lab.cluster, gone, at, 1000)).rejects.toMatchObject(undefinedObject);
      });
    });
  });

  it('closes every connection, with reads, loads and moments going on', async () => {
    const { database } = await lab.fixture();
    const before = await lab.subject.sessions();
    const other = lab.subject.another();
    const held = await other.holdMoment([database], null);
    const table = await describeTable(other, named(database, 'accounts'), held.moment);
    const [range] = await rangesOf(other, table.name, held.moment, 1e12);
    if (range === undefined) throw new Error('no range');
    const stream = await other.readRange(table, range, held.moment, never);
    const over = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => undefined);
    expect(await lab.subject.sessions()).toBeGreaterThan(before);
    await other.close();
    stream.resume();
    await over;
    await expect.poll(() => lab.subject.sessions(), { timeout: 5000 }).toBeLessThanOrEqual(before);
    await expect(other.databases()).rejects.toBeInstanceOf(HoldfastError);
  });
}
