import { copyFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { textOf } from '../storage/testing.ts';
import { StoreError } from '../storage/store.ts';
import { readDataFile, writeDataFile, type StoredRows } from './data-file.ts';
import { copyStream, copyText, makePlace, type Place } from './fixtures.ts';

const NAME = 'data/bank.public.accounts/1.copy.zst';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(() => place.cleanup());

describe('writeDataFile', () => {
  it.each([0, 1, 2, 20_000])('stores %i rows and says what it stored', async (count) => {
    const text = copyText(count);
    const entry = await writeDataFile(place.store, NAME, copyStream(text));
    const stored = await readFile(place.path(NAME));
    expect(entry).toEqual({
      name: NAME,
      rows: count,
      rawBytes: Buffer.byteLength(text),
      bytes: stored.length,
      sha256: createHash('sha256').update(stored).digest('hex'),
    });
    expect(zstdDecompressSync(stored).toString()).toBe(text);
    expect(await textOf(await readDataFile(place.store, entry, place.location))).toBe(text);
  });

  it('reports progress that ends with the whole', async () => {
    const text = copyText(5_000);
    const seen: [number, number][] = [];
    await writeDataFile(place.store, NAME, copyStream(text), {
      onProgress: (bytes, rows) => seen.push([bytes, rows]),
    });
    expect(seen.at(-1)).toEqual([Buffer.byteLength(text), 5_000]);
    expect(seen.every(([bytes, rows], index) => bytes >= (seen[index - 1]?.[0] ?? 0) && rows <= 5_000)).toBe(
      true,
    );
    expect(seen.length).toBeGreaterThan(10);
  });

  it("has zstd's own checksum, which zstd -t looks at", async () => {
    await writeDataFile(place.store, NAME, copyStream(copyText(1_000)));
    // Frame_Header_Descriptor, bit 2: Content_Checksum_flag (RFC 8878, 3.1.1.1.1).
    expect((await readFile(place.path(NAME))).readUInt8(4) & 4).toBe(4);
  });

  it('leaves nothing when the rows fail, and throws what they failed with', async () => {
    const lost = new HoldfastError('cluster-unavailable', 'the cluster went away');
    async function* rows(): AsyncGenerator<Buffer> {
      yield Buffer.from(copyText(50_000));
      await sleep(5);
      throw lost;
    }
    await expect(writeDataFile(place.store, NAME, Readable.from(rows()))).rejects.toBe(lost);
    expect(await place.tree()).toEqual([]);
  });

  it('leaves nothing of rows that had failed before', async () => {
    const rows = new Readable({ read() {} });
    rows.on('error', () => {});
    const lost = new HoldfastError('cluster-unavailable', 'too early');
    rows.destroy(lost);
    await expect(writeDataFile(place.store, NAME, rows)).rejects.toBe(lost);
    expect(await place.tree()).toEqual([]);
  });

  it('refuses rows that end inside a row', async () => {
    const rows = copyStream(`${copyText(100)}101\tcut of`);
    await expect(writeDataFile(place.store, NAME, rows)).rejects.toMatchObject({
      code: 'cluster-unavailable',
      message: expect.stringContaining('in the middle of a row'),
    });
    expect(await place.tree()).toEqual([]);
  });

  it('leaves nothing when the rows are cut off without an error', async () => {
    const rows = new Readable({ read() {} });
    rows.push(copyText(100));
    setTimeout(() => rows.destroy(), 10);
    await expect(writeDataFile(place.store, NAME, rows)).rejects.toThrow();
    expect(await place.tree()).toEqual([]);
  });

  it('stops at once when aborted, closes the rows and leaves nothing', async () => {
    const aborting = new AbortController();
    const rows = new Readable({ read() {} });
    rows.push(copyText(1000));
    const reason = new Error('canceled');
    setTimeout(() => aborting.abort(reason), 20);
    await expect(writeDataFile(place.store, NAME, rows, { signal: aborting.signal })).rejects.toBe(reason);
    expect(rows.destroyed).toBe(true);
    expect(await place.tree()).toEqual([]);
  });

  it('closes the rows when the store refuses', async () => {
    await writeDataFile(place.store, NAME, copyStream(copyText(3)));
    const rows = copyStream(copyText(100_000));
    await expect(writeDataFile(place.store, NAME, rows)).rejects.toMatchObject({
      code: 'exists',
      file: NAME,
    });
    expect(rows.destroyed).toBe(true);
    expect(zstdDecompressSync(await readFile(place.path(NAME))).toString()).toBe(copyText(3));
  });
});

describe('readDataFile', () => {
  const text = copyText(20_000);
  let entry: StoredRows;
  beforeEach(async () => {
    entry = await writeDataFile(place.store, NAME, copyStream(text));
  });

  /** The error that the stream ends in, and whether it claimed to have ended well before that. */
  async function damage(changed: Partial<StoredRows> = {}): Promise<string> {
    let ended = false;
    try {
      const stream = await readDataFile(place.store, { ...entry, ...changed }, place.location);
      stream.on('end', () => (ended = true));
      // A reader that comes late must not miss it.
      await sleep(20);
      for await (const _chunk of stream);
    } catch (error) {
      expect(error).toBeInstanceOf(HoldfastError);
      expect(error).toMatchObject({ code: 'corrupt-backup', hint: expect.any(String) });
      expect(ended).toBe(false);
      return String(error).replace(`HoldfastError: ${NAME} of nodelocal://1/nightly/bank is damaged: `, '');
    }
    throw new Error('the damage was not noticed');
  }

  it('finds a missing file', async () => {
    await rm(place.path(NAME));
    expect(await damage()).toBe('it is missing');
  });

  it.each([1, 4, 1000])('finds a file without its last %i bytes', async (missing) => {
    await truncate(place.path(NAME), entry.bytes - missing);
    expect(await damage()).toBe(`it is ${entry.bytes - missing} bytes long instead of ${entry.bytes}`);
  });

  it('finds an emptied file', async () => {
    await truncate(place.path(NAME), 0);
    expect(await damage()).toBe(`it is 0 bytes long instead of ${entry.bytes}`);
  });

  it('finds anything behind the end', async () => {
    await writeFile(place.path(NAME), 'more', { flag: 'a' });
    expect(await damage()).toBe(`it is ${entry.bytes + 4} bytes long instead of ${entry.bytes}`);
  });

  it('finds a flipped bit in a small file, also one that changes no row', async () => {
    const small = await writeDataFile(place.store, 'data/small.copy.zst', copyStream(copyText(60)));
    const whole = await readFile(place.path(small.name));
    for (let offset = 0; offset < whole.length; offset++) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(offset) ^ 0x10, offset);
      await writeFile(place.path(small.name), damaged);
      const text = await readDataFile(place.store, small, place.location);
      await expect(textOf(text), `bit flipped in byte ${offset}`).rejects.toMatchObject({
        code: 'corrupt-backup',
      });
    }
  });

  it('finds a flipped bit wherever it is', async () => {
    const whole = await readFile(place.path(NAME));
    const step = Math.floor(whole.length / 40);
    for (let offset = 0; offset < whole.length; offset += step) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(offset) ^ 1, offset);
      await writeFile(place.path(NAME), damaged);
      expect(await damage(), `bit flipped in byte ${offset}`).toMatch(/SHA-256|decompressed/);
    }
  });

  it('finds a swapped file, also one of the same length', async () => {
    const other = 'data/bank.public.accounts/2.copy.zst';
    await writeDataFile(place.store, other, copyStream(copyText(19_999)));
    await copyFile(place.path(other), place.path(NAME));
    const { size } = await stat(place.path(NAME));
    expect(await damage()).toBe(`it is ${size} bytes long instead of ${entry.bytes}`);
    expect(await damage({ bytes: size })).toBe('its SHA-256 does not match');
  });

  it('finds what is no zstd at all', async () => {
    await writeFile(place.path(NAME), text);
    expect(await damage()).toMatch(/decompressed/);
  });

  it('finds wrong counts in the manifest', async () => {
    expect(await damage({ rows: 19_999 })).toBe('it has 20000 rows instead of 19999');
    expect(await damage({ rawBytes: 1 })).toMatch(/^it has \d+ bytes of COPY text instead of 1$/);
    expect(await damage({ sha256: '0'.repeat(64) })).toBe('its SHA-256 does not match');
  });

  it('finds one row more or less in a file whose checksum was put right', async () => {
    const less = zstdCompressSync(copyText(19_999));
    await writeFile(place.path(NAME), less);
    const sha256 = createHash('sha256').update(less).digest('hex');
    expect(await damage({ bytes: less.length, sha256 })).toBe('it has 19999 rows instead of 20000');
  });

  it('fails what reads it, so that a COPY is rolled back', async () => {
    await truncate(place.path(NAME), entry.bytes - 1);
    let finished = false;
    const stream = await readDataFile(place.store, entry, place.location);
    const sink = async (source: AsyncIterable<unknown>): Promise<void> => {
      for await (const _chunk of source);
      finished = true;
    };
    await expect(pipeline(stream, sink)).rejects.toMatchObject({ code: 'corrupt-backup' });
    expect(finished).toBe(false);
  });

  it('stops reading when its reader stops', async () => {
    const stream = await readDataFile(place.store, entry, place.location);
    for await (const _chunk of stream) break;
    expect(stream.destroyed).toBe(true);
    // A failure of the clean-up would come as an unhandled error now.
    await sleep(20);
  });

  it('survives nobody reading the error', async () => {
    await truncate(place.path(NAME), 100);
    await readDataFile(place.store, entry, place.location);
    await sleep(30);
  });

  it('says denied, not damaged, where the store refuses', async () => {
    const broken = { ...place.store, get: () => Promise.reject(new StoreError('denied', 'x', NAME)) };
    await expect(readDataFile(broken, entry, place.location)).rejects.toMatchObject({
      code: 'storage-denied',
    });
  });
});
