import { hashKey } from '@tanstack/react-query';
import type { QueryKey } from '@tanstack/react-query';

const hashes = new WeakMap<object, { path: string; hash: string }>();

/**
 * A query key's hash, remembered for the input object it carries: a key of a hundred thousand names would else be
 * serialised with every render. The input must be the same object for as long as it says the same, and never change.
 */
export function hashOnce(key: QueryKey): string {
  const [path, carrier] = key;
  const input: unknown =
    typeof carrier === 'object' && carrier !== null && 'input' in carrier ? carrier.input : null;
  if (typeof input !== 'object' || input === null || !Array.isArray(path)) return hashKey(key);
  const procedure = path.join('.');
  const known = hashes.get(input);
  if (known?.path === procedure) return known.hash;
  const hash = hashKey(key);
  hashes.set(input, { path: procedure, hash });
  return hash;
}
