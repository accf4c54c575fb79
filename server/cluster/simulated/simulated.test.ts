import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import { ACCOUNTS, type ReadingLab } from '../conformance-lab.ts';
import { readingConformance } from '../conformance-reading.ts';
import { atMoment, copyDatabase, describeAll, never, rangesOf, readTable } from '../conformance-tools.ts';
import { openCluster } from '../open.ts';
import { startTestServer } from '../postgres/test-server.ts';
import { SimulatedCluster } from './adapter.ts';
import { fixtureIds, fixtureWorld } from './fixture-world.ts';
import { parseSimulatedUrl } from './url.ts';
import { simulatedWorld } from './world.ts';

describe('simulated as a cluster that is read', () => {
  const sizes = [ACCOUNTS, 64_000];
  const world = fixtureWorld(sizes.map((accounts) => ({ name: `fixture ${accounts}`, accounts })));
  const opened: SimulatedCluster[] = [];
  const another = () => {
    const cluster = new SimulatedCluster(world);
    opened.push(cluster);
    return cluster;
  };
  const cluster = another();
  const lab: ReadingLab = {
    cluster,
    subject: {
      cluster,
      another,
      sessions: async () => opened.reduce((sum, { reads }) => sum + reads, 0),
      cleanup: () => cluster.close(),
    },
    fixture: async (accounts = ACCOUNTS) => ({ database: `fixture ${accounts}`, ids: fixtureIds(accounts) }),
    change: () => Promise.resolve(),
  };
  afterAll(() => lab.subject.cleanup());
  readingConformance('simulated', lab);
});

/** Every table of the cluster, whole, as its ranges give it. */
async function contents(cluster: Cluster): Promise<Record<string, { nodes: string[]; parts: string[][] }>> {
  const all: Record<string, { nodes: string[]; parts: string[][] }> = {};
  for (const { name: database } of await cluster.databases())
    await atMoment(cluster, [database], async (at) => {
      for (const descriptor of await describeAll(cluster, database, at)) {
        if (descriptor.kind !== 'table') continue;
        const ranges = await rangesOf(cluster, descriptor.name, at, 1);
        all[`${database}.${descriptor.name.schema}.${descriptor.name.name}`] = {
          nodes: ranges.map(({ leaseholder }) => leaseholder),
          parts: await readTable(cluster, descriptor, at, 1),
        };
      }
    });
  return all;
}

describe('simulated://N', () => {
  const arbitraryUrl = fc
    .record({ nodes: fc.integer({ min: 1, max: 1000 }), seed: fc.nat(), rows: fc.nat({ max: 30_000 }) })
    .map(({ nodes, seed, rows }) => ({ nodes, rows, url: `simulated://${nodes}?seed=${seed}&rows=${rows}` }));

  it('has ranges that are disjoint and cover each table, with leaseholders that are live nodes', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryUrl, async ({ nodes, url, rows }) => {
        const cluster = openCluster(url);
        const info = await cluster.describe();
        expect(info.nodes).toHaveLength(nodes);
        const live = new Set(info.nodes.filter((node) => node.live).map(({ id }) => id));
        let total = 0;
        for (const { name: database } of await cluster.databases())
          await atMoment(cluster, [database], async (at) => {
            for (const object of (await cluster.catalog(database, at)).objects) {
              if (object.kind !== 'table') continue;
              const ranges = await rangesOf(cluster, object.name, at, 1);
              expect(ranges.map(({ index }) => index)).toEqual(ranges.map((_, index) => index));
              expect(ranges[0]?.start).toBeNull();
              expect(ranges.at(-1)?.end).toBeNull();
              ranges.slice(1).forEach((range, index) => expect(range.start).toBe(ranges[index]?.end));
              for (const range of ranges) {
                expect(live).toContain(range.leaseholder);
                if (ranges.length > 1) expect(range.estimatedRows).toBeGreaterThan(0);
              }
              const sum = ranges.reduce((count, range) => count + range.estimatedRows, 0);
              expect(sum).toBe(object.rows);
              total += sum;
            }
          });
        // Small tables have at least one row each, so that there is always something to reference.
        expect(Math.abs(total - rows)).toBeLessThanOrEqual(0.2 * rows + 20);
        if (rows === 0) expect(total).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('gives, range by range, the whole table, each row once and in key order', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryUrl, async ({ url }) => {
        const cluster = openCluster(url);
        await atMoment(cluster, ['bank'], async (at) => {
          const [table] = await cluster.descriptors(
            [{ database: 'bank', schema: 'public', name: 'transfers' }],
            at,
          );
          if (table?.kind !== 'table') throw new Error('no table');
          const parts = await readTable(cluster, table, at, 1);
          const [only] = await rangesOf(cluster, table.name, at, 1);
          if (only === undefined) throw new Error('no range');
          const whole = { ...only, start: null, end: null };
          const text = await buffer(await cluster.readRange(table, whole, at, never));
          const lines = parts.flat();
          expect(lines.map((line) => `${line}\n`).join('')).toBe(text.toString('utf8'));
          const ids = lines.map((line) => Number(line.split('\t')[0]));
          expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
          // Estimates are of what is there: some rows are gone, or still to come.
          const estimated = (await rangesOf(cluster, table.name, at, 1)).reduce(
            (sum, range) => sum + range.estimatedRows,
            0,
          );
          expect(Math.abs(ids.length - estimated)).toBeLessThan(20 + 0.05 * estimated);
        });
      }),
      { numRuns: 10 },
    );
  });

  const openAt = (url: string, now: string) =>
    new SimulatedCluster(simulatedWorld(parseSimulatedUrl(url)), { now: () => new Date(now) });

  it('is the same bytes and leaseholders from every instance as of a moment, and others from another seed', async () => {
    const url = 'simulated://3?seed=7&rows=20000';
    const now = '2026-11-22T12:00:00.250Z';
    const one = await contents(openAt(url, now));
    expect(await contents(openAt(url, now))).toEqual(one);
    expect(new Set(Object.values(one).flatMap(({ nodes }) => nodes))).toEqual(new Set(['1', '2', '3']));
    const other = await contents(openAt('simulated://3?seed=8&rows=20000', now));
    for (const [table, { parts }] of Object.entries(one))
      expect(other[table]?.parts, table).not.toEqual(parts);
    const more = await contents(openAt('simulated://300?seed=7&rows=20000', now));
    for (const [table, { parts }] of Object.entries(one)) expect(more[table]?.parts, table).toEqual(parts);
    const later = await contents(openAt(url, '2026-11-22T13:00:00.250Z'));
    for (const [table, { parts, nodes }] of Object.entries(one)) {
      expect(later[table]?.parts, table).not.toEqual(parts);
      expect(later[table]?.nodes, table).toEqual(nodes);
    }
  });

  it('never changes where it is told not to', async () => {
    const url = 'simulated://3?seed=7&rows=5000&changes=0';
    const one = await contents(openAt(url, '2026-11-22T12:00:00Z'));
    expect(await contents(openAt(url, '2031-01-01T00:00:00Z'))).toEqual(one);
    for (const { name } of await openAt(url, '2026-11-22T12:00:00Z').databases())
      for (const object of (await openCluster(url).catalog(name)).objects) {
        if (object.kind !== 'table') continue;
        const rows = one[`${name}.${object.name.schema}.${object.name.name}`]?.parts.flat().length;
        expect(rows).toBe(object.rows);
      }
  });

  it('refuses everything that writes, and says so beforehand', async () => {
    const cluster = openCluster('simulated://3');
    const { restore } = await cluster.describe();
    expect(restore).toMatchObject({ available: false });
    const refused = { code: 'unsupported', hint: expect.any(String) };
    await atMoment(cluster, ['bank'], async (at) => {
      const name = { database: 'bank', schema: 'public', name: 'accounts' };
      const [table] = await cluster.descriptors([name], at);
      if (table?.kind !== 'table') throw new Error('no table');
      const [range] = await rangesOf(cluster, name, at, 1);
      if (range === undefined) throw new Error('no range');
      const rows = await cluster.readRange(table, range, at, never);
      await expect(cluster.load('bank', table, rows, never)).rejects.toMatchObject(refused);
      rows.destroy();
    });
    await expect(cluster.createDatabase('copy', '1')).rejects.toMatchObject(refused);
    await expect(cluster.dropDatabase('bank', '1')).rejects.toMatchObject(refused);
    await expect(cluster.ensureSchema('bank', 'audit', '1')).rejects.toMatchObject(refused);
    await expect(cluster.runDdl('bank', ['DROP TABLE transfers'], never)).rejects.toMatchObject(refused);
    await expect(cluster.openLedger('bank', '1')).rejects.toMatchObject(refused);
    const teller = { name: 'teller', passwordHash: null, attributes: [], memberOf: [] };
    await expect(cluster.createUser(teller)).rejects.toMatchObject(refused);
    await expect(cluster.updateUser(teller)).rejects.toMatchObject(refused);
    expect(await cluster.undoLedger('bank', '1')).toBe(false);
  });

  it('refuses a moment of another kind of cluster', async () => {
    const cluster = openCluster('simulated://3');
    const at = { kind: 'snapshot' as const, at: '2026-11-22T12:00:00.000Z', databases: {} };
    await expect(cluster.catalog('bank', at)).rejects.toMatchObject({ code: 'unreadable-moment' });
  });

  it('has schemas and rows that a real PostgreSQL takes, and prints back the same', async () => {
    // The moment of the copy and that of the comparison are not the same: it must not change in between.
    const source = openCluster('simulated://3?seed=7&rows=20000&changes=0');
    const server = await startTestServer();
    const target = openCluster(server.url);
    try {
      for (const { name: database } of await source.databases()) {
        const descriptors = await copyDatabase(target, database, database, source);
        const given = await atMoment(source, [database], (at) => read(source, at));
        const taken = await atMoment(target, [database], (at) => read(target, at));
        expect(taken).toEqual(given);
        expect(descriptors.map(({ kind }) => kind)).toEqual(
          expect.arrayContaining(['view', 'sequence', 'type']),
        );

        async function read(cluster: Cluster, at: Parameters<typeof readTable>[2]) {
          const tables: Record<string, unknown> = {};
          for (const descriptor of await describeAll(cluster, database, at))
            if (descriptor.kind === 'table')
              tables[`${descriptor.name.schema}.${descriptor.name.name}`] = {
                columns: descriptor.columns,
                primaryKey: descriptor.primaryKey,
                dependencies: descriptor.dependencies
                  .map(({ on, kind, via }) => `${kind} ${on.name} ${via}`)
                  .sort(),
                rows: (await readTable(cluster, descriptor, at, 1e9)).flat().sort(),
              };
          return tables;
        }
      }
      const [{ count } = {}] = await server.exec('shop', 'SELECT count(*) FROM best_customers');
      expect(Number(count)).toBeGreaterThan(100);
    } finally {
      await target.close();
      await server.stop();
    }
  }, 120_000);
});
