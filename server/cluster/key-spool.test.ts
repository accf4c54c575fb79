import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { KeySpool, PARTS } from './key-spool.ts';

async function all(spool: KeySpool): Promise<string[]> {
  const keys: string[] = [];
  for (let index = 0; index < PARTS; index++) keys.push(...(await spool.part(index)));
  return keys;
}

async function directories(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('holdfast-keys-'));
}

describe('a spool of keys', () => {
  it.each([
    ['in memory', 1e9, 0],
    ['in files', 100, 1],
  ])('gives every key once, %s', async (_where, most, files) => {
    const before = (await directories()).length;
    const spool = new KeySpool(most);
    const expected = Array.from({ length: 5000 }, (_, index) => `["Köln \u2028 ${index}", 7]`);
    try {
      for (const key of [...expected, ...expected.slice(0, 1000), '', '']) await spool.add(key);
      expect((await directories()).length - before).toBe(files);
      const found = await all(spool);
      expect(found.sort()).toEqual([...expected, ''].sort());
    } finally {
      await spool.dispose();
    }
    expect((await directories()).length).toBe(before);
    expect(await all(spool)).toEqual([]);
    await spool.dispose();
  });

  it('spreads keys alike in any spool', async () => {
    const [one, other] = [new KeySpool(), new KeySpool(10)];
    for (let key = 0; key < 1000; key++) {
      await one.add(String(key));
      await other.add(String(key));
    }
    for (let index = 0; index < PARTS; index++)
      expect(await one.part(index)).toEqual(await other.part(index));
    await other.dispose();
  });
});
