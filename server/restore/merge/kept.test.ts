import { expect, it } from 'vitest';
import type { Clock } from '../../clock.ts';
import { Kept } from './kept.ts';

/** A clock whose sleeps end when the test says so. */
function standing(): { clock: Clock; goOn: () => Promise<void> } {
  const sleeping = new Set<() => void>();
  return {
    clock: {
      now: () => new Date(0),
      elapsed: () => 0,
      sleep: () => new Promise((resolve) => sleeping.add(resolve)),
    },
    async goOn() {
      for (const wake of sleeping) wake();
      sleeping.clear();
      await settled();
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const { signal: never } = new AbortController();

/** Makes values and counts how often each was made. */
function maker() {
  const made: string[] = [];
  return {
    made,
    make: (name: string) => () => {
      made.push(name);
      return Promise.resolve(name);
    },
  };
}

it('makes a value once for all that need it, and again some time after the last has given it back', async () => {
  const { clock, goOn } = standing();
  const kept = new Kept<string>(10, clock);
  const { made, make } = maker();
  const lend = () => kept.lend('a', 1, make('a'), never);
  const [one, two] = await Promise.all([lend(), lend()]);
  expect([one.value, two.value, made]).toEqual(['a', 'a', ['a']]);
  one.giveBack();
  one.giveBack();
  await goOn();
  (await lend()).giveBack();
  two.giveBack();
  (await lend()).giveBack();
  expect(made).toEqual(['a']);
  await goOn();
  (await lend()).giveBack();
  expect(made).toEqual(['a', 'a']);
});

it('waits for room, takes it from what nobody uses, and lets one in that is too large once it is alone', async () => {
  const kept = new Kept<string>(10, standing().clock);
  const { made, make } = maker();
  const a = await kept.lend('a', 6, make('a'), never);
  const b = kept.lend('b', 6, make('b'), never);
  await settled();
  expect(made).toEqual(['a']);
  a.giveBack();
  (await b).giveBack();
  const small = await kept.lend('small', 4, make('small'), never);
  const large = kept.lend('large', 100, make('large'), never);
  await settled();
  expect(made).toEqual(['a', 'b', 'small']);
  small.giveBack();
  expect((await large).value).toBe('large');
  expect(made).toEqual(['a', 'b', 'small', 'large']);
});

it('stops waiting, and making what nobody waits for any more, on abort', async () => {
  const kept = new Kept<string>(1, standing().clock);
  const signals: AbortSignal[] = [];
  const stuck = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('stopped'));
      });
    });
  };
  const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
  const waits = [
    kept.lend('a', 1, stuck, first.signal),
    kept.lend('a', 1, stuck, second.signal),
    kept.lend('b', 1, stuck, third.signal),
  ].map((wait) => wait.catch((error: unknown) => String(error)));
  await settled();
  third.abort('no third');
  expect(await waits[2]).toBe('no third');
  first.abort('no first');
  expect(await waits[0]).toBe('no first');
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  second.abort('no second');
  expect(await waits[1]).toBe('no second');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  // Its place is free.
  expect((await kept.lend('b', 1, () => Promise.resolve('b'), never)).value).toBe('b');
});

it('tells all that wait why a value could not be made, and makes it anew for the next', async () => {
  const kept = new Kept<string>(1, standing().clock);
  const failing = () => Promise.reject(new Error('damaged'));
  const both = [kept.lend('a', 1, failing, never), kept.lend('a', 1, failing, never)];
  for (const each of both) await expect(each).rejects.toThrowError('damaged');
  expect((await kept.lend('a', 1, () => Promise.resolve('mended'), never)).value).toBe('mended');
});
