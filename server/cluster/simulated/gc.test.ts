import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { containing, describeTable, never, rangesOf } from '../conformance-tools.ts';
import { SimulatedCluster } from './adapter.ts';
import { aborted } from './clock.ts';
import { smallWorld } from './small-world.ts';
import { open, outcome, START, T1 } from './testing.ts';

describe('the GC window of a simulated cluster', () => {
  const words = 'its GC window of 60 seconds ended at 2026-11-22T12:01:00.250Z';
  const gone = { code: 'unreadable-moment', message: containing(words) };

  it('is told, and what is older is refused by everything, naming the deadline', async () => {
    const { cluster, clock } = open({ seed: 1, unrest: { gcSeconds: 60 } });
    expect((await cluster.gcWindows('small')).map(({ seconds }) => seconds)).toEqual([60, 60]);
    const { moment } = await cluster.holdMoment(['small'], null);
    const [range] = await rangesOf(cluster, T1, moment, 1e9);
    const table = await describeTable(cluster, T1, moment);
    if (range === undefined) throw new Error('no range');
    clock.time += 60_000;
    expect(await outcome(cluster, range, moment)).toContain('\t');
    const late = await cluster.holdMoment(['small'], null);
    expect(await cluster.planChanges({ moment, tables: [table] }, [table], late.moment)).toHaveLength(1);
    clock.time += 1;
    await expect(cluster.readRange(table, range, moment, never)).rejects.toMatchObject(gone);
    await expect(rangesOf(cluster, T1, moment, 1)).rejects.toMatchObject(gone);
    await expect(cluster.descriptors([T1], moment)).rejects.toMatchObject(gone);
    await expect(cluster.catalog('small', moment)).rejects.toMatchObject(gone);
    const changes = cluster.readChanges(table, 'feed', range, moment, late.moment, never);
    await expect(changes.next()).rejects.toMatchObject(gone);
    await expect(
      cluster.planChanges({ moment, tables: [table] }, [table], late.moment),
    ).rejects.toMatchObject({ code: 'unreadable-moment', message: containing('2026-11-22T12:01:00.250Z') });
    expect(await cluster.holdAlso(moment)).toBeNull();
    await expect(cluster.holdMoment(['small'], '-61s')).rejects.toMatchObject({
      code: 'unreadable-moment',
      hint: 'Give a time of the last 60 seconds.',
    });
  });

  it('ends a read in mid-stream, and tells who holds the moment', async () => {
    const { cluster, clock } = open({
      seed: 1,
      rows: 30_000,
      rangeBytes: 1e9,
      unrest: { gcSeconds: 60, slow: 1, slowMs: 20_000 },
    });
    const deadline = new AbortController();
    const watched = new SimulatedCluster(smallWorld({ seed: 1, unrest: { gcSeconds: 60 } }), {
      now: () => clock.now(),
      sleep: async (ms, signal = never) => {
        expect(ms).toBe(60_001 - (clock.time - START));
        await Promise.race([once(deadline.signal, 'abort'), aborted(signal).catch(() => undefined)]);
        clock.time = START + 60_001;
      },
    });
    const held = await watched.holdMoment(['small'], null);
    const [range] = await rangesOf(cluster, T1, held.moment, 1e9);
    if (range === undefined) throw new Error('no range');
    const table = await describeTable(cluster, T1, held.moment);
    const stream = await cluster.readRange(table, range, held.moment, never);
    let got = 0;
    const reading = (async () => {
      for await (const chunk of stream as AsyncIterable<Buffer>) got += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject(gone);
    expect(got).toBeGreaterThan(0);
    expect(held.lost.aborted).toBe(false);
    deadline.abort();
    await expect.poll(() => held.lost.aborted).toBe(true);
    expect(held.lost.reason).toMatchObject(gone);
  });
});
