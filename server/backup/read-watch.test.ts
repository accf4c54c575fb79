import { PassThrough, type Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import { nodeId, type TurnWait } from '../cluster/cluster.ts';
import { never } from '../cluster/conformance-tools.ts';
import { HoldfastError } from '../errors.ts';
import { ReadWatch } from './read-watch.ts';

const LIMIT_MS = 1_000;

/** A clock that goes on when it is told to. */
class ManualClock implements Clock {
  #elapsed = 0;
  #sleepers: { until: number; wake: () => void }[] = [];

  now = () => new Date(this.#elapsed);
  elapsed = () => this.#elapsed;
  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      this.#sleepers.push({ until: this.#elapsed + ms, wake: resolve });
      signal?.addEventListener('abort', () => resolve());
    });

  async pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 50) {
      this.#elapsed += 50;
      const due = this.#sleepers.filter(({ until }) => until <= this.#elapsed);
      this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#elapsed);
      for (const { wake } of due) wake();
      await setImmediate();
    }
  }
}

function watched(signal = never) {
  const clock = new ManualClock();
  const late = (node: string) => new HoldfastError('cluster-unavailable', `nothing came from node ${node}`);
  return { clock, watch: new ReadWatch({ clock, ms: LIMIT_MS, late }, signal) };
}

const LATE = { code: 'cluster-unavailable', message: 'nothing came from node 2' };

/** Takes what is read, and remembers how that ended. */
function taken(rows: AsyncGenerator<Buffer, void>) {
  const outcome = { text: '', error: null as unknown, over: false };
  void (async () => {
    try {
      for await (const chunk of rows) outcome.text += chunk.toString();
    } catch (error) {
      outcome.error = error;
    }
    outcome.over = true;
  })();
  return outcome;
}

/** A stream that an adapter would give: the signal ends it, with its reason. */
function source(signal: AbortSignal): PassThrough {
  const stream = new PassThrough();
  signal.addEventListener('abort', () => stream.destroy(signal.reason as Error));
  return stream;
}

describe('a read', () => {
  it('goes on as long as something comes now and then', async () => {
    const { clock, watch } = watched();
    let rows = new PassThrough();
    const outcome = taken(watch.read(nodeId(2), async (signal) => (rows = source(signal))));
    for (let time = 0; time < 5; time++) {
      await clock.pass(LIMIT_MS - 100);
      rows.write('row ');
      await clock.pass(50);
    }
    rows.end();
    await clock.pass(50);
    expect(outcome).toEqual({ text: 'row row row row row ', error: null, over: true });
    await watch.stop();
  });

  it('that hands out nothing any more is broken off, and its stream is gone', async () => {
    const { clock, watch } = watched();
    let rows = new PassThrough();
    const outcome = taken(watch.read(nodeId(2), async (signal) => (rows = source(signal))));
    await clock.pass(LIMIT_MS / 2);
    rows.write('row');
    await clock.pass(LIMIT_MS - 100);
    expect(outcome).toEqual({ text: 'row', error: null, over: false });
    await clock.pass(300);
    expect(outcome).toMatchObject({ text: 'row', error: LATE, over: true });
    expect(rows.destroyed).toBe(true);
    await watch.stop();
  });

  it('that never begins is broken off, and what comes of it later is let go', async () => {
    const { clock, watch } = watched();
    let open: (stream: Readable) => void = () => undefined;
    const outcome = taken(watch.read(nodeId(2), () => new Promise((resolve) => (open = resolve))));
    await clock.pass(LIMIT_MS + 200);
    expect(outcome).toMatchObject({ error: LATE, over: true });
    const stream = new PassThrough();
    open(stream);
    await setImmediate();
    expect(stream.destroyed).toBe(true);
    await watch.stop();
  });

  it('may wait for its turn for as long as that takes', async () => {
    const { clock, watch } = watched();
    let begin: () => void = () => undefined;
    const queue = new Promise<void>((resolve) => (begin = resolve));
    const open = async (signal: AbortSignal, turn: TurnWait) => {
      await turn(queue);
      return source(signal);
    };
    const outcome = taken(watch.read(nodeId(2), open));
    await clock.pass(10 * LIMIT_MS);
    expect(outcome.over).toBe(false);
    begin();
    await clock.pass(LIMIT_MS - 100);
    expect(outcome.over).toBe(false);
    await clock.pass(300);
    expect(outcome).toMatchObject({ error: LATE, over: true });
    await watch.stop();
  });

  it('may wait for whoever takes its rows', async () => {
    const { clock, watch } = watched();
    let rows = new PassThrough();
    const read = watch.read(nodeId(2), async (signal) => (rows = source(signal)));
    const first = read.next();
    await setImmediate();
    rows.write('one');
    expect((await first).value?.toString()).toBe('one');
    await clock.pass(10 * LIMIT_MS);
    rows.write('two');
    expect((await read.next()).value?.toString()).toBe('two');
    rows.end();
    expect((await read.next()).done).toBe(true);
    await watch.stop();
  });

  it('fails with what it fails with, and with the signal’s reason', async () => {
    const over = new AbortController();
    const { clock, watch } = watched(over.signal);
    const refused = new Error('refused');
    const one = taken(watch.read(nodeId(2), () => Promise.reject(refused)));
    const other = taken(watch.read(nodeId(2), async (signal) => source(signal)));
    await clock.pass(50);
    expect(one).toMatchObject({ error: refused, over: true });
    const reason = new Error('over');
    over.abort(reason);
    await clock.pass(50);
    expect(other).toMatchObject({ error: reason, over: true });
    await watch.stop();
  });
});
