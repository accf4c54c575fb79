import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { textBody, textOf } from './testing.ts';
import { parseLocation } from './location.ts';
import { openStore, storeErrorToHoldfast } from './open.ts';
import { StoreError, type StoreErrorCode } from './store.ts';

const location = parseLocation('nodelocal://self/b/two');

it('opens the same place for every node ID', async () => {
  const externDir = await mkdtemp(join(tmpdir(), 'holdfast-open-'));
  await openStore(location, { externDir }).put('x', textBody('hello'));
  for (const host of ['', '1', '2']) {
    const same = openStore(parseLocation(`nodelocal://${host}/b/two`), { externDir });
    expect(await textOf(await same.get('x'))).toBe('hello');
  }
  await rm(externDir, { recursive: true });
});

it.each<[StoreErrorCode, string]>([
  ['not-found', 'undefined-backup'],
  ['exists', 'duplicate-file'],
  ['denied', 'storage-denied'],
  ['invalid-name', 'location-invalid'],
  ['no-space', 'storage-full'],
  ['transient', 'storage-unavailable'],
  ['failed', 'storage-failed'],
  ['no-container', 'storage-missing'],
  ['no-listing', 'unsupported'],
])('tells people of %s as %s, with file, place and what to do', (code, told) => {
  const cause = new StoreError(code, 'data/x: the reason', 'data/x');
  const error = storeErrorToHoldfast(cause, location, 'source');
  expect(error).toBeInstanceOf(HoldfastError);
  expect(error).toMatchObject({ code: told, field: 'source', cause });
  expect(error.message).toBe('nodelocal://self/b/two: data/x: the reason');
  expect(error.hint).toBeTruthy();
});

it('passes on what a failing body said, and leaves HoldfastErrors alone', () => {
  const said = new HoldfastError('cluster-unavailable', 'the cluster went away');
  expect(storeErrorToHoldfast(said, location)).toBe(said);
  expect(storeErrorToHoldfast(new StoreError('failed', 'x', 'x', { cause: said }), location)).toBe(said);
});

it('calls anything else an internal error', () => {
  expect(storeErrorToHoldfast(new TypeError('a bug'), location)).toMatchObject({
    code: 'internal',
    message: 'nodelocal://self/b/two: a bug',
  });
});
