import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TablePiece, TableRange } from '../cluster.ts';
import { ACCOUNTS } from '../conformance-lab.ts';
import { readingConformance } from '../conformance-reading.ts';
import { containing, describeTable, never, rangesOf } from '../conformance-tools.ts';
import { applied, readAllChanges, rowsByKey, sorted } from '../conformance-incremental.ts';
import { SimulatedCluster } from './adapter.ts';
import { rowsAt, tablesIn } from './contents.ts';
import { fixtureIds, fixtureWorld } from './fixture-world.ts';
import { leaseSettlesMs } from './passage.ts';
import { NOW, open, outcome, read, START, T1, text } from './testing.ts';

describe('a simulated cluster whose leases move and whose ranges split', () => {
  const unrest = { leaseSeconds: 1, splitSeconds: 1 };
  const sizes = [ACCOUNTS, 64_000];
  const world = fixtureWorld(
    sizes.map((accounts) => ({ name: `fixture ${accounts}`, accounts })),
    null,
    { leaseSeconds: 600, splitSeconds: 60 },
  );
  const opened: SimulatedCluster[] = [];
  // Each ten minutes after the one before: other ranges, other leaseholders.
  const another = () => {
    const now = new Date(START + opened.length * 600_000);
    const cluster = new SimulatedCluster(world, { now: () => now });
    opened.push(cluster);
    return cluster;
  };
  const cluster = another();
  readingConformance('simulated', {
    cluster,
    subject: {
      cluster,
      another,
      sessions: async () => opened.reduce((sum, { reads }) => sum + reads, 0),
      cleanup: () => cluster.close(),
    },
    fixture: async (accounts = ACCOUNTS) => ({ database: `fixture ${accounts}`, ids: fixtureIds(accounts) }),
    change: () => Promise.resolve(),
  });

  it('says who leads pieces now, whatever they were when they were planned', async () => {
    const { cluster, clock } = open({ seed: 5, rows: 3000, unrest });
    const planned = await rangesOf(cluster, T1, NOW, 1);
    const leadsOf = (pieces: TablePiece[]) => cluster.leaseholders(T1, NOW, pieces);
    expect(await leadsOf(planned)).toEqual(planned.map(({ leaseholder }) => new Map([[leaseholder, 1]])));
    clock.time += 3_700;
    const now = await rangesOf(cluster, T1, NOW, 1);
    const bound = (text: string | null, open: number) => (text === null ? open : Number(text));
    // Some of them, as when the others are done; and neighbours as one.
    for (const pieces of [
      planned,
      planned.filter(({ index }) => index % 3 === 1),
      [0, 20, 40].map((first) => ({
        start: planned[first]?.start ?? null,
        end: planned[first + 15]?.end ?? null,
      })),
    ]) {
      const counts = pieces.map(({ start, end }) => {
        const there = now.filter(
          (range) => bound(range.start, 0) < bound(end, 3000) && bound(range.end, 3000) > bound(start, 0),
        );
        return new Map(
          [...Map.groupBy(there, ({ leaseholder }) => leaseholder)].map(([node, led]) => [node, led.length]),
        );
      });
      expect(await leadsOf(pieces)).toEqual(counts);
    }
    expect(planned.length).toBeGreaterThan(60);
  });

  it('has disjoint ranges that cover each table at any time, each on a node that is up', async () => {
    const counts = new Set<number>();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.nat({ max: 3000 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 1e7 }),
        fc.constantFrom(0, 0.3, 0.9),
        async (seed, rows, nodes, later, down) => {
          const { cluster, clock } = open({ seed, rows, nodes, unrest: { ...unrest, down } });
          clock.time += later;
          const live = new Set(
            (await cluster.describe()).nodes.filter((node) => node.live).map(({ id }) => id),
          );
          expect(live.size).toBeGreaterThan(0);
          const ranges = await rangesOf(cluster, T1, NOW, 1);
          counts.add(ranges.length);
          let first = -1;
          for (const [index, range] of ranges.entries()) {
            expect(range.index).toBe(index);
            expect(range.start).toBe(index === 0 ? null : ranges[index - 1]?.end);
            expect(range.end === null).toBe(index === ranges.length - 1);
            expect(Number(range.start)).toBeGreaterThan(first);
            first = Number(range.start);
            expect(live).toContain(range.leaseholder);
          }
        },
      ),
    );
    expect(counts.size).toBeGreaterThan(5);
  });

  it('is another cut of the table, and other leaseholders, a while later', async () => {
    const { cluster, clock } = open({ seed: 7, rows: 2000, unrest });
    const before = await rangesOf(cluster, T1, NOW, 1);
    clock.time += 5000;
    const after = await rangesOf(cluster, T1, NOW, 1);
    const bounds = (ranges: TableRange[]) => ranges.map(({ start }) => start);
    expect(bounds(after)).not.toEqual(bounds(before));
    // Most of them are where they were.
    expect(bounds(after).filter((bound) => bounds(before).includes(bound)).length).toBeGreaterThan(10);
    const holders = new Map(before.map(({ start, leaseholder }) => [start, leaseholder]));
    const moved = after.filter(
      ({ start, leaseholder }) => (holders.get(start) ?? leaseholder) !== leaseholder,
    );
    expect(moved.length).toBeGreaterThan(10);
  });

  it('gives what the model has at the moment, whenever its ranges were planned and read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.nat({ max: 1500 }),
        fc.nat({ max: 100_000 }),
        fc.array(fc.nat({ max: 20_000 }), { minLength: 1 }),
        async (seed, rows, planned, waits) => {
          const changes = { stepSeconds: 1, cycleSteps: 10 };
          const { cluster, clock, world } = open({ seed, rows, changes, unrest });
          clock.time += planned;
          for (const table of tablesIn(world)) {
            const ranges = await rangesOf(cluster, table, NOW, 1);
            let all = '';
            for (const [index, range] of ranges.entries()) {
              clock.time += waits[index % waits.length] ?? 0;
              for (let tries = 0; ; tries++) {
                const rowsOrError = await outcome(cluster, range);
                if (!rowsOrError.startsWith('cluster-unavailable')) {
                  all += rowsOrError;
                  break;
                }
                // The lease was just lost; once that has settled, the node passes the read on.
                expect(rowsOrError).toContain('its lease has moved to node');
                expect(tries).toBeLessThan(100);
                clock.time += leaseSettlesMs(unrest) / 3;
              }
            }
            expect(all).toBe(text(world, table, NOW));
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gives what changed, also in ranges of another time', async () => {
    const changes = { stepSeconds: 1, cycleSteps: 20 };
    const { cluster, clock, world } = open({ seed: 3, rows: 900, changes, unrest: { splitSeconds: 2 } });
    const { moment: from } = await cluster.holdMoment(['small'], '-9s');
    const { moment: at } = await cluster.holdMoment(['small'], '-1s');
    const table = await describeTable(cluster, T1, at);
    const before = await rowsByKey(cluster, table, from);
    clock.time += 7000;
    const read = await readAllChanges(cluster, table, 'feed', from, at);
    expect(read.deleted.size).toBeGreaterThan(0);
    expect(sorted(applied(before, read))).toEqual(rowsAt(world, T1, at).toSorted());
  });
});

describe('a simulated cluster in which things go wrong', () => {
  const unrest = { leaseSeconds: 30, splitSeconds: 30, down: 0.2, slow: 0.2, faults: 0.2, hangs: 0.05 };

  async function history(seed: number): Promise<string[]> {
    const { cluster, clock } = open({ seed, unrest });
    const lines: string[] = [];
    for (let round = 0; round < 20; round++)
      for (const range of await rangesOf(cluster, T1, NOW, 1)) {
        const result = outcome(cluster, range).then((one) => `${clock.time} ${one}`);
        const hung = (async () => {
          for (let turn = 0; turn < 200; turn++) await setImmediate();
          return `${clock.time} hangs`;
        })();
        lines.push(await Promise.race([result, hung]));
        result.catch(() => undefined);
        clock.time += 777;
      }
    await cluster.close();
    return lines;
  }

  it('does so the same way for the same seed, and another way for another', async () => {
    const one = await history(5);
    expect(await history(5)).toEqual(one);
    expect(await history(6)).not.toEqual(one);
    for (const words of ['hangs', 'the connection was lost', 'is down'])
      expect(
        one.some((line) => line.includes(words)),
        words,
      ).toBe(true);
  });

  it('names range, table and node of a read that failed, before its first byte or after some', async () => {
    const { cluster, clock } = open({ seed: 1, unrest: { faults: 0.5 } });
    const [range] = await rangesOf(cluster, T1, NOW, 1e9);
    if (range === undefined) throw new Error('no range');
    const table = await describeTable(cluster, T1, NOW);
    const seen = { whole: 0, before: 0, within: 0 };
    for (let round = 0; round < 200; round++) {
      clock.time += 10;
      let bytes = 0;
      let streams = false;
      try {
        const stream = await cluster.readRange(table, range, NOW, never);
        streams = true;
        for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length;
        seen.whole += 1;
      } catch (error) {
        expect(error).toMatchObject({
          code: 'cluster-unavailable',
          message: `could not read range 0 of small.public.t1 on node ${range.leaseholder}: the connection was lost`,
        });
        if (streams) seen.within += Number(bytes > 0);
        else seen.before += 1;
      }
    }
    expect(seen.whole).toBeGreaterThan(50);
    expect(seen.before).toBeGreaterThan(20);
    expect(seen.within).toBeGreaterThan(20);
  });

  it('fails while it reads what changed, too, and gives all of it when it does not', async () => {
    const changes = { stepSeconds: 1, cycleSteps: 20 };
    const { cluster, clock } = open({ seed: 3, changes, unrest: { faults: 0.5 } });
    const { moment: from } = await cluster.holdMoment(['small'], '-9s');
    const { moment: at } = await cluster.holdMoment(['small'], '-1s');
    const table = await describeTable(cluster, T1, at);
    const [range] = await rangesOf(cluster, T1, at, 1e9);
    if (range === undefined) throw new Error('no range');
    const whole = new Set<string>();
    let failed = 0;
    for (let round = 0; round < 40; round++) {
      clock.time += 10;
      let text = '';
      try {
        for await (const chunk of cluster.readChanges(table, 'feed', range, from, at, never))
          text += `${chunk.kind} ${chunk.text.toString()}`;
        whole.add(text);
      } catch (error) {
        failed += 1;
        expect(error).toMatchObject({
          code: 'cluster-unavailable',
          message: `could not read what changed in range 0 of small.public.t1 on node ${range.leaseholder}: the connection was lost`,
        });
      }
    }
    expect(failed).toBeGreaterThan(5);
    expect(whole.size).toBe(1);
  });

  it('hangs until it is aborted, at once or in mid-stream', async () => {
    const { cluster, clock } = open({ seed: 1, unrest: { hangs: 0.9 } });
    const [range] = await rangesOf(cluster, T1, NOW, 1e9);
    if (range === undefined) throw new Error('no range');
    let aborted = 0;
    for (let round = 0; round < 40; round++) {
      clock.time += 10;
      const stop = new AbortController();
      const reading = read(cluster, range, NOW, stop.signal);
      reading.catch(() => undefined);
      for (let turn = 0; turn < 20; turn++) await setImmediate();
      stop.abort();
      try {
        await reading;
      } catch (error) {
        expect(error).toMatchObject({ code: 'canceled' });
        aborted += 1;
      }
      expect(cluster.reads).toBe(0);
    }
    expect(aborted).toBeGreaterThan(20);
    expect(clock.slept).toBe(0);
  });

  it('refuses to read on a node that is down, and again once it is up', async () => {
    const { cluster, clock } = open({ seed: 2, unrest: { down: 0.4, spellSeconds: 10 } });
    const seen = new Set<boolean>();
    const [range] = await rangesOf(cluster, T1, NOW, 1e9);
    if (range === undefined) throw new Error('no range');
    for (let round = 0; round < 40; round++) {
      const live = (await cluster.describe()).nodes.find(({ id }) => id === range.leaseholder)?.live === true;
      seen.add(live);
      const result = await outcome(cluster, range);
      if (!live)
        expect(result).toBe(
          `cluster-unavailable: could not read range 0 of small.public.t1 on node ${range.leaseholder}: node ${range.leaseholder} is down`,
        );
      else if (!result.includes('its lease has moved')) expect(result).toContain('\t');
      clock.time += 10_000;
    }
    expect(seen.size).toBe(2);
  });

  it('takes its time on a slow node, and fails in mid-stream when the node goes down meanwhile', async () => {
    const { cluster, clock, world } = open({
      seed: 4,
      rows: 30_000,
      rangeBytes: 1e9,
      unrest: { slow: 1, slowMs: 4000, down: 0.3, spellSeconds: 10 },
    });
    const [range] = await rangesOf(cluster, T1, NOW, 1e9);
    if (range === undefined) throw new Error('no range');
    const table = await describeTable(cluster, T1, NOW);
    let [whole, within] = [0, 0];
    for (let round = 0; round < 20; round++) {
      const before = clock.slept;
      let got = 0;
      try {
        for await (const chunk of (await cluster.readRange(
          table,
          range,
          NOW,
          never,
        )) as AsyncIterable<Buffer>)
          got += chunk.length;
        whole += 1;
        expect(got).toBe(Buffer.byteLength(text(world, T1, NOW)));
        expect(clock.slept - before).toBeGreaterThan(20_000);
      } catch (error) {
        expect(error).toMatchObject({ code: 'cluster-unavailable', message: containing('is down') });
        if (got > 0) within += 1;
      }
      clock.time += 10_000;
    }
    expect(within).toBeGreaterThan(0);
    expect(whole + within).toBeGreaterThan(1);
  });

  it('lets some calls time out, after a while', async () => {
    const { cluster, clock } = open({ seed: 1, unrest: { timeouts: 0.3 } });
    let late = 0;
    for (let round = 0; round < 40; round++) {
      clock.time += 10;
      const before = clock.slept;
      try {
        await cluster.catalog('small');
        expect(clock.slept).toBe(before);
      } catch (error) {
        expect(error).toMatchObject({
          code: 'cluster-unavailable',
          message: 'could not list the objects of small: no answer within 10 seconds',
        });
        expect(clock.slept).toBe(before + 10_000);
        late += 1;
      }
    }
    expect(late).toBeGreaterThan(3);
    expect(late).toBeLessThan(30);
  });
});
