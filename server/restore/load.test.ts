import { expect, it } from 'vitest';
import { Readable } from 'node:stream';
import { HoldfastError } from '../errors.ts';
import { damageBehind } from './load.ts';

const never = new AbortController().signal;
const refused = new HoldfastError('job-failed', 'invalid input syntax for type timestamp');
const damaged = new HoldfastError('corrupt-backup', 'its SHA-256 does not match');
const sound = () => Promise.resolve(Readable.from(['1\n']));
/** Whose checksum is seen at its end. */
const broken = () =>
  Promise.resolve(
    Readable.from(
      (function* () {
        yield '1\n';
        throw damaged;
      })(),
    ),
  );

it('tells of damage where a cluster refused rows of a damaged file, and of nothing else', async () => {
  expect(await damageBehind(refused, broken, never)).toBe(damaged);
  expect(await damageBehind(refused, () => Promise.reject(damaged), never)).toBe(damaged);
  expect(await damageBehind(refused, sound, never)).toBe(refused);
  const gone = new HoldfastError('cluster-unavailable', 'the server is gone');
  expect(await damageBehind(gone, broken, never)).toBe(gone);
  expect(await damageBehind(refused, broken, AbortSignal.abort())).toBe(refused);
});
