import { setImmediate } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { HoldfastError } from '../../errors.ts';
import type { TableRange } from '../cluster.ts';
import { describeTable, never } from '../conformance-tools.ts';
import type { Moment } from '../moment.ts';
import type { ObjectName } from '../names.ts';
import { SimulatedCluster } from './adapter.ts';
import type { SimulationClock } from './clock.ts';
import { rowsAt } from './contents.ts';
import type { World } from './model.ts';
import { smallWorld, type SmallWorldOptions } from './small-world.ts';

/** What tests of simulated clusters share: a small one, a clock of its own, and reading it whole. */

export const START = Date.parse('2026-11-22T12:00:00.250Z');
export const T1: ObjectName = { database: 'small', schema: 'public', name: 't1' };

/** A clock that stands still unless it is moved, or slept by: then it jumps. */
export class TestClock implements SimulationClock {
  time = START;
  slept = 0;

  now(): Date {
    return new Date(this.time);
  }

  async sleep(ms: number, signal = never): Promise<void> {
    // What waits for hours waits for the end of the test.
    if (ms > 3_600_000)
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
    await setImmediate();
    if (signal.aborted) return;
    this.time += ms;
    this.slept += ms;
  }
}

/** A cluster with a clock of its own. */
export function open(options: SmallWorldOptions) {
  const world = smallWorld(options);
  const clock = new TestClock();
  return { world, clock, cluster: new SimulatedCluster(world, clock) };
}

/** The moment at which the clock begins. */
export const NOW: Moment = {
  kind: 'hlc',
  at: '2026-11-22T12:00:00.250Z',
  timestamp: '1795348800250000000.0000000000',
};

/** A range's rows as COPY text. */
export async function read(
  cluster: SimulatedCluster,
  range: TableRange,
  at = NOW,
  signal = never,
): Promise<string> {
  const table = await describeTable(cluster, range.table, at);
  return (await buffer(await cluster.readRange(table, range, at, signal))).toString();
}

/** What became of a read: its rows, or what it failed with. */
export async function outcome(cluster: SimulatedCluster, range: TableRange, at = NOW): Promise<string> {
  try {
    return await read(cluster, range, at);
  } catch (error) {
    if (error instanceof HoldfastError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** What a table has, as COPY text. */
export function text(world: World, table: ObjectName, at: Moment): string {
  return rowsAt(world, table, at)
    .map((line) => `${line}\n`)
    .join('');
}
