import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { parseDestination } from './location.ts';
import { openStore } from './open.ts';
import { probe, type ProbeReport, type ProbeStep } from './probe.ts';
import { StoreError, type Store } from './store.ts';

const location = parseDestination('nodelocal://self/not/there yet');
let externDir: string;
let real: Store;

beforeEach(async () => {
  externDir = await mkdtemp(join(tmpdir(), 'holdfast-probe-'));
  real = openStore(location, { externDir });
});
afterEach(async () => {
  await real.close();
  await rm(externDir, { recursive: true, force: true });
});

/** The real store, with something about it that is otherwise. */
function odd(change: Partial<Store>): Store {
  return {
    put: (name, body, options) => real.put(name, body, options),
    get: (name, range) => real.get(name, range),
    stat: (name) => real.stat(name),
    remove: (name) => real.remove(name),
    list: (prefix) => real.list(prefix),
    close: () => real.close(),
    ...change,
  };
}

const outcomes = ({ steps }: ProbeReport): string =>
  steps.map(({ step, outcome }) => `${step} ${outcome}`).join(', ');
const stepOf = ({ steps }: ProbeReport, step: ProbeStep['step']): ProbeStep | undefined =>
  steps.find((each) => each.step === step);
const denied = (name: string): StoreError =>
  new StoreError('denied', `${name}: the key may not do that`, name);
/** What is left of the probe. */
const left = (): Promise<string[]> => readdir(externDir);

const WORKS = 'write ok, read ok, list ok, keep ok, remove ok';

it('does all that a backup does, and leaves nothing', async () => {
  const report = await probe(real, location);
  expect(outcomes(report)).toBe(WORKS);
  expect(report.ok).toBe(true);
  expect(
    report.steps.every(({ code, message, hint }) => code === null && message === null && hint === null),
  ).toBe(true);
  expect(await left()).toEqual([]);
});

it('says how long each step took', async () => {
  let at = 0;
  const { steps } = await probe(real, location, { clock: () => (at += 7) });
  expect(steps.map(({ milliseconds }) => milliseconds)).toEqual([7, 7, 7, 7, 7]);
});

it('tells in words why nothing can be written', async () => {
  await writeFile(join(externDir, 'not'), '');
  const report = await probe(real, location);
  expect(outcomes(report)).toBe('write failed, read skipped, list skipped, keep skipped, remove skipped');
  expect(report.ok).toBe(false);
  expect(stepOf(report, 'write')).toMatchObject({
    code: 'storage-failed',
    message: '"not" in its path is a file, not a directory',
    hint: 'Check the destination, or choose another one.',
  });
});

it('takes back what a write left that failed', async () => {
  const report = await probe(
    odd({
      put: async (name, body) => {
        await real.put(name, body);
        throw new StoreError('transient', `${name}: the connection was broken off`, name);
      },
    }),
    location,
  );
  expect(stepOf(report, 'write')).toMatchObject({
    code: 'storage-unavailable',
    message: 'the connection was broken off',
  });
  expect(await left()).toEqual([]);
});

it('goes on after a step that failed, and names each', async () => {
  const report = await probe(
    odd({
      get: (name) => Promise.reject(denied(name)),
      list: () => {
        throw denied('x');
      },
    }),
    location,
  );
  expect(outcomes(report)).toBe('write ok, read failed, list failed, keep ok, remove ok');
  expect(stepOf(report, 'read')).toMatchObject({
    code: 'storage-denied',
    message: 'the key may not do that',
  });
  expect(report.ok).toBe(false);
  expect(await left()).toEqual([]);
});

it.each<[string, ProbeStep['step'], Partial<Store>, string]>([
  [
    'changes what passes',
    'read',
    { get: async () => Readable.from([Buffer.alloc(4096)]) },
    'not what was written',
  ],
  ['sends without end', 'read', { get: async () => Readable.from(endless()) }, 'not what was written'],
  ['knows no ranges', 'read', { get: (name) => real.get(name) }, 'a piece of the file'],
  ['says another size', 'read', { stat: async (name) => ({ name, bytes: 1 }) }, '1 are there'],
  ['lists nothing', 'list', { list: () => nothing() }, 'is not listed'],
  [
    'writes over what is there',
    'keep',
    {
      put: async (name, body, options) => {
        await real.remove(name);
        return real.put(name, body, options);
      },
    },
    'took the first one’s place',
  ],
])('notices a store that %s', async (_, step, change, words) => {
  const report = await probe(odd(change), location);
  expect(stepOf(report, step)).toMatchObject({ outcome: 'failed', code: 'storage-failed' });
  expect(stepOf(report, step)?.message).toContain(words);
  expect(report.ok).toBe(false);
});

it('is content without a listing, and says so', async () => {
  const report = await probe(
    odd({
      list: () => {
        throw new StoreError('no-listing', 'plain HTTP has none', null);
      },
    }),
    location,
  );
  expect(outcomes(report)).toBe(WORKS);
  expect(stepOf(report, 'list')?.message).toContain('can’t be listed');
});

it('takes a removal for one where nobody may ask about files that aren’t there', async () => {
  const report = await probe(
    odd({
      stat: async (name) => {
        const there = await real.stat(name).catch(() => null);
        if (there === null) throw denied(name);
        return there;
      },
    }),
    location,
  );
  expect(outcomes(report)).toBe(WORKS);
});

it.each<[string, Partial<Store>]>([
  ['may not remove', { remove: (name) => Promise.reject(denied(name)) }],
  ['only says that it removed', { remove: async () => undefined }],
])('warns where one %s, and says what that means', async (_, change) => {
  const report = await probe(odd(change), location, { random: (length) => Buffer.alloc(length, 0xab) });
  expect(outcomes(report)).toBe('write ok, read ok, list ok, keep ok, remove warning');
  expect(report.ok).toBe(true);
  expect(stepOf(report, 'remove')?.hint).toContain(
    '.holdfast-probe-abababababababab at nodelocal://self/not/there',
  );
});

it.each<[ProbeStep['step'], Partial<Store>]>([
  ['write', { put: () => forever() }],
  ['read', { get: () => forever() }],
  ['read', { get: async () => new Readable({ read() {} }) }],
  ['list', { list: () => ({ [Symbol.asyncIterator]: () => ({ next: () => forever() }) }) }],
])('ends what hangs, in words: %s', async (step, change) => {
  const report = await probe(odd(change), location, { deadlineMs: 1000 });
  expect(stepOf(report, step)).toMatchObject({ outcome: 'failed', code: 'storage-unavailable' });
  expect(stepOf(report, step)?.message).toContain('after 1 s the test was given up');
  expect(stepOf(report, 'remove')?.outcome).toBe('skipped');
  expect(await left()).toEqual([]);
});

it('tells what opening the place says, and throws what is no business of the place', async () => {
  const throwing = (error: Error): Store => odd({ put: () => Promise.reject(error) });
  const unsupported = new HoldfastError('unsupported', 'not to gopher', { hint: 'Use another.' });
  expect(stepOf(await probe(throwing(unsupported), location), 'write')).toMatchObject({
    code: 'unsupported',
    message: 'not to gopher',
    hint: 'Use another.',
  });
  await expect(probe(throwing(new TypeError('a bug')), location)).rejects.toThrow('a bug');
  await expect(probe(throwing(new HoldfastError('internal', 'no key')), location)).rejects.toThrow('no key');
});

function forever(): Promise<never> {
  return new Promise(() => undefined);
}

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

async function* nothing(): AsyncGenerator<never> {
  // Nothing.
}
