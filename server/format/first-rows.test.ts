import { createHash, randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../storage/store.ts';
import { dataFileName, type StoredRows, writeDataFile } from './data-file.ts';
import { CHECKED_BYTES, firstRows } from './first-rows.ts';
import { accounts, copyStream, copyText, makePlace, type Place } from './fixtures.ts';

const NAME = dataFileName(accounts, '0');
const AS = { columns: 2, wanted: 10 };

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(() => place.cleanup());

const write = (text: string): Promise<StoredRows> => writeDataFile(place.store, NAME, copyStream(text));

/** Stores bytes as they are, with an entry that is true of them and says so many rows. */
async function store(bytes: Buffer, rows: number, rawBytes: number): Promise<StoredRows> {
  await place.store.put(NAME, bytes);
  return {
    name: NAME,
    rows,
    bytes: bytes.length,
    rawBytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

const first = (entry: StoredRows, as = AS, from: Store = place.store) =>
  firstRows(from, entry, place.location, as);

/** The store, counting the bytes that are read of it. */
function counting(inner: Store): { store: Store; read: () => number } {
  let read = 0;
  const get: Store['get'] = async (name, range) =>
    (await inner.get(name, range)).on('data', (chunk: Buffer) => (read += chunk.length)).pause();
  return { store: { ...inner, get }, read: () => read };
}

describe('the first rows of a data file', () => {
  it('are as many as are wanted, or all', async () => {
    const entry = await write(copyText(1000));
    const some = await first(entry);
    expect(some).toMatchObject({ checked: true, stopped: 'asked' });
    expect(some.rows).toHaveLength(10);
    expect(some.rows[1]).toEqual(['1', 'line one\nline two 7919']);
    const all = await first(entry, { columns: 2, wanted: 1000 });
    expect([all.rows.length, all.stopped]).toEqual([1000, null]);
  });

  it('of a file without rows are none', async () => {
    expect(await first(await write(''))).toEqual({ rows: [], checked: true, stopped: null });
  });

  it('are none of a file that is missing, shorter, longer, or other than its checksum', async () => {
    const entry = await write(copyText(1000));
    const bytes = await readFile(place.path(NAME));
    const damaged = async (problem: RegExp) => {
      await expect(first(entry)).rejects.toMatchObject({
        code: 'corrupt-backup',
        message: expect.stringMatching(problem),
      });
    };
    await writeFile(place.path(NAME), bytes.subarray(0, -1));
    await damaged(/0\.copy\.zst of .* is damaged: it is \d+ bytes long instead of \d+$/);
    await writeFile(place.path(NAME), Buffer.concat([bytes, Buffer.from('x')]));
    await damaged(/is longer than \d+ bytes$/);
    // The last byte: of rows that are shown, nothing is other than it was.
    await writeFile(place.path(NAME), Buffer.concat([bytes.subarray(0, -1), Buffer.from([0])]));
    await damaged(/its SHA-256 does not match$/);
    await rm(place.path(NAME));
    await damaged(/is damaged: it is missing$/);
  });

  it('are none of a file whose text is not what the manifest says', async () => {
    const text = Buffer.from('1\ta\n2\tb\n');
    await expect(first(await store(zstdCompressSync(text), 3, text.length))).rejects.toThrow(
      'it has 2 rows instead of 3',
    );
    await place.store.remove(NAME);
    await expect(first(await store(zstdCompressSync('1\ta\n2'), 2, 5))).rejects.toThrow(
      'it ends inside a row',
    );
    await place.store.remove(NAME);
    await expect(first(await store(zstdCompressSync('1\ta\n2\n'), 2, 6))).rejects.toThrow(
      'line 2 has 1 columns instead of 2',
    );
    await place.store.remove(NAME);
    await expect(first(await store(Buffer.from('not zstd at all'), 2, 6))).rejects.toThrow(
      /it can't be decompressed/,
    );
  });

  it('don’t wait for the end of what decompresses to a thousand times its size', async () => {
    const BLOCK = Buffer.alloc(64 * 1024 * 1024, 'x');
    const bomb = zstdCompressSync(Buffer.concat([Buffer.from('1\ta\n2\t'), BLOCK, BLOCK, Buffer.from('\n')]));
    expect(bomb.length).toBeLessThan(100_000);
    const entry = await store(bomb, 2, 2 * BLOCK.length + 7);
    expect(await first(entry)).toEqual({ rows: [['1', 'a']], checked: true, stopped: 'size' });
  });

  it('of a line of 20 MB are shown', async () => {
    const text = `1\t${'y'.repeat(20 * 1024 * 1024)}\n2\tb\n`;
    const { rows, stopped } = await first(await write(text));
    expect(stopped).toBeNull();
    expect(rows).toEqual([
      ['1', { shown: 'y'.repeat(2000), as: 'text', cut: true, bytes: 20 * 1024 * 1024 }],
      ['2', 'b'],
    ]);
  });

  it('of a large file are read from its beginning alone, unchecked, and its length is looked at', async () => {
    // Random, so that it stays large.
    const text = Array.from(
      { length: 600 },
      (_, index) => `${index}\t${randomBytes(30_000).toString('base64')}\n`,
    ).join('');
    const entry = await write(text);
    expect(entry.bytes).toBeGreaterThan(CHECKED_BYTES);
    const { store: counted, read } = counting(place.store);
    const some = await first(entry, AS, counted);
    expect(some).toMatchObject({ checked: false, stopped: 'asked' });
    expect(some.rows[9]?.[0]).toBe('9');
    expect(read()).toBeLessThan(CHECKED_BYTES / 2);

    // All that is read of it, to where its beginning is cut off.
    const most = await first(entry, { columns: 2, wanted: 100_000 });
    expect(most).toMatchObject({ checked: false, stopped: 'size' });
    expect(most.rows.length).toBeGreaterThan(500);
    expect(most.rows.length).toBeLessThan(600);

    await expect(first({ ...entry, bytes: entry.bytes + 1 })).rejects.toThrow(/bytes long instead of/);
    await rm(place.path(NAME));
    await expect(first(entry)).rejects.toMatchObject({
      code: 'corrupt-backup',
      message: expect.stringMatching(/it is missing$/),
    });
  });
});
