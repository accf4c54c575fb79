import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesAKey, KeyIndex, LONGEST_HELD } from './key-index.ts';

const add = (index: KeyIndex, key: string, layer: number) => {
  const bytes = Buffer.from(`before${key}after`);
  index.add(bytes, 6, bytes.length - 5, layer);
};
const newestOf = (index: KeyIndex, key: string) => {
  const bytes = Buffer.from(key);
  return index.newestOf(bytes, 0, bytes.length);
};

/** Keys of lengths around those at which they are held in another way. */
const key = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ minLength: LONGEST_HELD - 1, maxLength: LONGEST_HELD + 2, unit: 'binary-ascii' }),
  fc.nat(300).map((n) => `${'a key that is too long to be held, '.repeat(2)}${n}`),
);

it('knows of each key the newest layer, whatever the order, as a Map does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(key, fc.nat(65_535)), { maxLength: 400 }),
      fc.array(key, { maxLength: 50 }),
      (entries, others) => {
        const expected = new Map<string, number>();
        const index = new KeyIndex(entries.length);
        for (const [text, layer] of entries) {
          add(index, text, layer);
          expected.set(text, Math.max(layer, expected.get(text) ?? -1));
        }
        expect(index.size).toBe(expected.size);
        for (const text of [...expected.keys(), ...others])
          expect(newestOf(index, text), JSON.stringify(text)).toBe(expected.get(text) ?? -1);
      },
    ),
    { seed: 20_261_127 },
  );
});

it('is exact where it is full, and its keys are spread over many segments', () => {
  const count = 200_000;
  const index = new KeyIndex(count);
  for (let n = 0; n < count; n++) add(index, `key\t${n}`, n % 100);
  expect(index.size).toBe(count);
  const wrong = Array.from({ length: count }, (_, n) => n).filter(
    (n) => newestOf(index, `key\t${n}`) !== n % 100 || newestOf(index, `key\t${n + count}`) !== -1,
  );
  expect(wrong).toEqual([]);
});

it('refuses more keys than the manifests say, and takes no room for one that it has', () => {
  const index = new KeyIndex(2);
  for (const text of ['one', 'two', 'one', 'two']) add(index, text, 1);
  expect(() => {
    add(index, 'three', 1);
  }).toThrowError(/more than the 2 keys of the manifests/);
  expect(newestOf(new KeyIndex(0), 'any')).toBe(-1);
});

it('a long key and the digest of another one are not the same', () => {
  const long = 'x'.repeat(LONGEST_HELD + 1);
  const index = new KeyIndex(3);
  add(index, long, 3);
  expect(newestOf(index, `${long}x`)).toBe(-1);
  expect(newestOf(index, long)).toBe(3);
  expect(bytesAKey(1000)).toBe(bytesAKey(LONGEST_HELD));
});
