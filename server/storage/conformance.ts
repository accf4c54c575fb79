import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError, type Store, type StoreErrorCode } from './store.ts';
import {
  MemoryWatch,
  codeOf,
  killedWriter,
  largeInProcess,
  listed,
  pattern,
  slowBody,
  textBody,
  textOf,
} from './testing.ts';

export interface Subject {
  /** A store at a location that holds nothing. */
  store: Store;
  /** The location's URL with all that opens it, for another process. */
  url: string;
  /** Where a `nodelocal` URL leads. */
  externDir?: string;
  /** One more store at the same location, as another process would open it. */
  reopen: () => Promise<Store>;
  /**
   * Every file there as `name bytes`, sorted, as the server itself knows it. Only for what can't list: its `list` is expected
   * to throw `no-listing`.
   */
  held?: () => Promise<string[]>;
  /** What is there beside files: parts of uploads that never ended, temporary files. */
  leftovers: () => Promise<string[]>;
  /** What a killed writer left is invisible, can't be told from what another one is writing, and expires by itself. */
  expires?: true;
  /** Waits until the server has dealt with what a writer had sent before it was killed. */
  settled?: () => Promise<void>;
  /** Removes everything. */
  cleanup: () => Promise<void>;
}

/** `HOLDFAST_TEST_LARGE=1` runs the suite with the sizes of a large backup. */
const LARGE = process.env['HOLDFAST_TEST_LARGE'] === '1';
const MIB = 1024 * 1024;
const BIG_BYTES = (LARGE ? 300 : 64) * MIB;
const MANY_FILES = LARGE ? 10_000 : 300;
/** What a whole process may take that sends a file of 300 MiB and reads it back. */
const CAPPED = { fileMib: 300, processMib: 200 };

export interface ConformanceOptions {
  open(): Promise<Subject>;
  /** What may be held in buffers at once while a big file goes through, however big it is. */
  bufferMib: number;
}

/** What every store promises (store.ts), whatever it stands on. */
export function storeConformance(name: string, options: ConformanceOptions): void {
  describe(`${name} as a store`, () => {
    let subject: Subject;
    let store: Store;
    const see = async (from: Store, prefix = ''): Promise<string[]> =>
      subject.held === undefined
        ? listed(from, prefix)
        : (await subject.held()).filter((file) => file.startsWith(prefix));
    beforeEach(async () => {
      subject = await options.open();
      store = subject.store;
    });
    afterEach(async () => {
      await store.close();
      await subject.cleanup();
    });

    it('gives back what was put', async () => {
      expect(await store.put('a/b.txt', textBody('hello'))).toEqual({ bytes: 5 });
      expect(await textOf(await store.get('a/b.txt'))).toBe('hello');
      expect(await store.stat('a/b.txt')).toEqual({ name: 'a/b.txt', bytes: 5 });
      expect(await see(store)).toEqual(['a/b.txt 5']);
      const other = await subject.reopen();
      expect(await textOf(await other.get('a/b.txt'))).toBe('hello');
      await other.close();
    });

    it('is empty at first', async () => {
      expect(await see(store)).toEqual([]);
      expect(await see(store, 'data/')).toEqual([]);
    });

    it('takes an empty file', async () => {
      expect(await store.put('empty', Readable.from([]))).toEqual({ bytes: 0 });
      expect(await textOf(await store.get('empty'))).toBe('');
      expect(await see(store)).toEqual(['empty 0']);
    });

    it('takes bodies of strings, of bytes and of many small chunks', async () => {
      const small = Array.from({ length: 5_000 }, (_, index) => `${index}\n`);
      await store.put('strings', Readable.from(small));
      await store.put('bytes', Readable.from(small.map((line) => new TextEncoder().encode(line))));
      expect(await textOf(await store.get('strings'))).toBe(small.join(''));
      expect(await textOf(await store.get('bytes'))).toBe(small.join(''));
    });

    it(
      `streams a file of ${BIG_BYTES / MIB} MiB both ways in bounded memory`,
      { timeout: 300_000 },
      async () => {
        const memory = new MemoryWatch();
        const written = createHash('sha256');
        async function* chunks(): AsyncGenerator<Buffer> {
          for (let offset = 0; offset < BIG_BYTES; offset += MIB) {
            const chunk = pattern(offset / MIB);
            written.update(chunk);
            yield chunk;
            memory.sample(offset);
          }
        }
        expect(await store.put('big', Readable.from(chunks(), { objectMode: false }))).toEqual({
          bytes: BIG_BYTES,
        });
        const read = createHash('sha256');
        let bytes = 0;
        for await (const chunk of await store.get('big')) {
          read.update(chunk as Buffer);
          bytes += (chunk as Buffer).length;
          memory.sample(bytes);
        }
        expect(bytes).toBe(BIG_BYTES);
        expect(read.digest('hex')).toBe(written.digest('hex'));
        expect(memory.peak).toBeLessThan(options.bufferMib * MIB);
      },
    );

    it(
      `sends and reads ${CAPPED.fileMib} MiB in a process of less than ${CAPPED.processMib} MiB`,
      { timeout: 300_000 },
      async () => {
        const { peakMib, ...same } = await largeInProcess(
          subject.url,
          subject.externDir ?? '',
          CAPPED.fileMib,
        );
        expect(same).toEqual({ bytes: CAPPED.fileMib * MIB, equal: true });
        expect(peakMib).toBeLessThan(CAPPED.processMib);
      },
    );

    it('says so where it has no listing', async () => {
      if (subject.held === undefined) return;
      await store.put('file', textBody('x'));
      expect(await codeOf(listed(store))).toBe('no-listing');
    });

    it('reads no further than its reader', async () => {
      await store.put('file', Readable.from([Buffer.alloc(8 * MIB, 'x')]));
      const stream = await store.get('file');
      for await (const chunk of stream) {
        expect((chunk as Buffer).length).toBeGreaterThan(0);
        break;
      }
      expect(stream.destroyed).toBe(true);
      await store.remove('file');
      expect(await see(store)).toEqual([]);
    });

    it(`lists ${MANY_FILES} files, each once`, { timeout: 300_000 }, async () => {
      const names = Array.from({ length: MANY_FILES }, (_, index) => `data/t${index % 7}/${index}.zst`);
      for (let first = 0; first < names.length; first += 20) {
        await Promise.all(names.slice(first, first + 20).map((file) => store.put(file, textBody(file))));
      }
      expect(await see(store)).toEqual(names.map((file) => `${file} ${file.length}`).sort());
      expect(await see(store, 'data/t3/')).toEqual(
        names
          .filter((file) => file.startsWith('data/t3/'))
          .map((file) => `${file} ${file.length}`)
          .sort(),
      );
    });

    it('lists by the beginning of the name, not by directories', async () => {
      for (const file of ['a', 'ab', 'a-/c', 'abc/d', 'b/a', 'data/x/1', 'data/xy/2']) {
        await store.put(file, textBody('1'));
      }
      expect(await see(store, 'a')).toEqual(['a 1', 'a-/c 1', 'ab 1', 'abc/d 1']);
      expect(await see(store, 'abc/')).toEqual(['abc/d 1']);
      expect(await see(store, 'data/x')).toEqual(['data/x/1 1', 'data/xy/2 1']);
      expect(await see(store, 'data/x/')).toEqual(['data/x/1 1']);
      expect(await see(store, 'data/x/1')).toEqual(['data/x/1 1']);
      expect(await see(store, 'nothing/of/the/kind')).toEqual([]);
    });

    it('reads ranges', async () => {
      await store.put('digits', textBody('0123456789'));
      expect(await textOf(await store.get('digits', { start: 0, end: 0 }))).toBe('0');
      expect(await textOf(await store.get('digits', { start: 3, end: 6 }))).toBe('3456');
      expect(await textOf(await store.get('digits', { start: 9, end: 9 }))).toBe('9');
      // Like HTTP: an end past the last byte means the last byte; a start past it is nothing at all.
      expect(await textOf(await store.get('digits', { start: 8, end: 100 }))).toBe('89');
      expect(await codeOf(store.get('digits', { start: 10, end: 12 }))).toBe('failed');
      expect(await codeOf(store.get('digits', { start: 5, end: 4 }))).toBe('failed');
    });

    it.each([
      'with space.zst',
      'dir with space/ leading and trailing /x',
      'Köln/Straße.zst',
      '日本語/表.zst',
      '🐘',
      'cafe\u0301',
      'percent%20and%2Fslash',
      'quote\'double"semi;colon&and=plus+hash#question?',
      'tilde~at@colon:comma,star*(paren)[bracket]{brace}<less>|pipe^',
      '-rf',
      '.hidden/.file',
      'a..b/...',
      'manifest.json.bak',
    ])('takes the name %j as it is', async (file) => {
      await store.put(file, textBody('x'));
      expect(await see(store)).toEqual([`${file} 1`]);
      expect(await store.stat(file)).toEqual({ name: file, bytes: 1 });
      expect(await textOf(await store.get(file))).toBe('x');
      await store.remove(file);
      expect(await see(store)).toEqual([]);
    });

    it('takes deep directories', async () => {
      const file = `${Array.from({ length: 60 }, (_, depth) => `d${depth}`).join('/')}/file`;
      await store.put(file, textBody('deep'));
      expect(await see(store)).toEqual([`${file} 4`]);
      expect(await see(store, 'd0/d1/d2')).toEqual([`${file} 4`]);
      expect(await textOf(await store.get(file))).toBe('deep');
    });

    it.each([
      '',
      '/',
      '/absolute',
      'trailing/',
      'double//slash',
      '.',
      '..',
      '../escape',
      'a/../b',
      'a/./b',
      'a/..',
      'nul\0byte',
      'new\nline',
      'back\\slash',
      'x'.repeat(256),
      'lone\ud800surrogate',
    ])('refuses the name %j', async (file) => {
      const body = textBody('x');
      expect(await codeOf(store.put(file, body))).toBe('invalid-name');
      expect(body.destroyed).toBe(true);
      expect(await codeOf(store.get(file))).toBe('invalid-name');
      expect(await codeOf(store.stat(file))).toBe('invalid-name');
      expect(await codeOf(store.remove(file))).toBe('invalid-name');
      expect(await see(store)).toEqual([]);
    });

    it('says not-found before it hands out a stream', async () => {
      await store.put('there', textBody('x'));
      expect(await codeOf(store.get('missing'))).toBe('not-found');
      expect(await codeOf(store.get('no/such/directory'))).toBe('not-found');
      expect(await codeOf(store.get('missing', { start: 0, end: 1 }))).toBe('not-found');
      expect(await codeOf(store.stat('missing'))).toBe('not-found');
      const error = await store.get('missing').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ file: 'missing' });
    });

    it('knows files only: a directory is not found', async () => {
      await store.put('dir/file', textBody('x'));
      expect(await codeOf(store.get('dir'))).toBe('not-found');
      expect(await codeOf(store.stat('dir'))).toBe('not-found');
      await store.remove('dir');
      expect(await see(store)).toEqual(['dir/file 1']);
      expect(await codeOf(store.get('dir/file/below'))).toBe('not-found');
      expect(await codeOf(store.stat('dir/file/below'))).toBe('not-found');
      await store.remove('dir/file/below');
    });

    it('never overwrites', async () => {
      await store.put('a', textBody('first'));
      const body = textBody('second');
      expect(await codeOf(store.put('a', body))).toBe('exists');
      expect(body.destroyed).toBe(true);
      expect(await textOf(await store.get('a'))).toBe('first');
      expect(await see(store)).toEqual(['a 5']);
    });

    it('lets one of many writers of a name win, whole', async () => {
      const other = await subject.reopen();
      const bodies = Array.from({ length: 12 }, (_, index) =>
        String.fromCharCode(97 + index).repeat(300_000),
      );
      const results = await Promise.allSettled(
        bodies.map((body, index) => (index % 2 === 0 ? store : other).put('race/file', slowBody(body))),
      );
      const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'exists' });
      }
      expect(await textOf(await store.get('race/file'))).toBe(bodies[winners[0] ?? -1]);
      expect(await see(store)).toEqual(['race/file 300000']);
      await other.close();
    });

    it('shows nothing of a file until all of it is there', async () => {
      const other = await subject.reopen();
      let seenHalfway: string[] | null = null;
      let halfway: StoreErrorCode | 'no error' | null = null;
      async function* body(): AsyncGenerator<Buffer> {
        yield Buffer.alloc(MIB, 'a');
        yield Buffer.alloc(MIB, 'b');
        seenHalfway = await see(other);
        halfway = await codeOf(other.get('file'));
        yield Buffer.from('end');
      }
      await store.put('file', Readable.from(body()));
      expect(seenHalfway).toEqual([]);
      expect(halfway).toBe('not-found');
      expect(await see(other)).toEqual([`file ${2 * MIB + 3}`]);
      await other.close();
    });

    it('leaves nothing of a body that fails midway, and passes on why', async () => {
      const cause = new Error('the cluster went away');
      async function* body(): AsyncGenerator<Buffer> {
        yield Buffer.alloc(3 * MIB, 'a');
        await sleep(5);
        throw cause;
      }
      const error = await store.put('data/t/file', Readable.from(body())).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ code: 'failed', file: 'data/t/file', cause });
      expect(await see(store)).toEqual([]);
      expect(await subject.leftovers()).toEqual([]);
      await store.put('data/t/file', textBody('again'));
      expect(await see(store)).toEqual(['data/t/file 5']);
    });

    it('does not call a failing body transient, whatever code it carries', async () => {
      const body = new Readable({
        read() {
          this.destroy(Object.assign(new Error('reset'), { code: 'ETIMEDOUT' }));
        },
      });
      expect(await codeOf(store.put('file', body))).toBe('failed');
    });

    it('leaves nothing of a body that is cut off without an error', async () => {
      const body = new Readable({ read() {} });
      body.push(Buffer.alloc(MIB, 'a'));
      const writing = codeOf(store.put('file', body));
      setTimeout(() => body.destroy(), 20);
      expect(await writing).toBe('failed');
      expect(await see(store)).toEqual([]);
    });

    it('leaves nothing of a body that had failed before', async () => {
      const failed = new Readable({ read() {} });
      failed.on('error', () => {});
      failed.destroy(new Error('too early'));
      expect(await codeOf(store.put('file', failed))).toBe('failed');
      const closed = new Readable({ read() {} });
      closed.destroy();
      expect(await codeOf(store.put('file', closed))).toBe('failed');
      expect(await see(store)).toEqual([]);
    });

    it.each([3, 40])('leaves nothing when aborted after %i MiB, also where the body hangs', async (mib) => {
      const aborting = new AbortController();
      const body = new Readable({ read() {} });
      for (let index = 0; index < mib; index++) body.push(pattern(index));
      const writing = store
        .put('data/t/file', body, { signal: aborting.signal })
        .catch((reason: unknown) => reason);
      await sleep(mib > 10 ? 500 : 20);
      aborting.abort(new Error('canceled'));
      const error = await writing;
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ file: 'data/t/file', cause: { message: 'canceled' } });
      expect(body.destroyed).toBe(true);
      expect(await see(store)).toEqual([]);
      expect(await subject.leftovers()).toEqual([]);
    });

    it(
      'lets what a killed writer of a large file left be removed, and written anew',
      { timeout: 60_000 },
      async () => {
        await killedWriter(subject.url, subject.externDir ?? '', 'data/t/file');
        await subject.settled?.();
        expect(await see(store)).toEqual([]);
        await store.remove('data/t/file');
        if (subject.expires === undefined) expect(await subject.leftovers()).toEqual([]);
        await store.put('data/t/file', textBody('again'));
        expect(await see(store)).toEqual(['data/t/file 5']);
      },
    );

    it('does not start what is aborted already', async () => {
      const body = textBody('x');
      expect(await codeOf(store.put('file', body, { signal: AbortSignal.abort() }))).toBe('failed');
      expect(body.destroyed).toBe(true);
      expect(await see(store)).toEqual([]);
    });

    it('removes, as often as asked', async () => {
      await store.put('data/t/1', textBody('x'));
      await store.put('data/t/2', textBody('x'));
      await store.remove('data/t/1');
      await store.remove('data/t/1');
      await store.remove('never/was');
      expect(await see(store)).toEqual(['data/t/2 1']);
      expect(await codeOf(store.get('data/t/1'))).toBe('not-found');
      await store.put('data/t/1', textBody('new'));
      expect(await textOf(await store.get('data/t/1'))).toBe('new');
    });

    it('writes and removes side by side in the same directories', async () => {
      const other = await subject.reopen();
      const work = async (one: Store, writer: number): Promise<void> => {
        for (let round = 0; round < 15; round++) {
          const file = `data/shared/${writer}-${round}`;
          await one.put(file, textBody('x'));
          await one.remove(file);
        }
      };
      await Promise.all([work(store, 1), work(other, 2), work(store, 3), work(other, 4)]);
      expect(await see(store)).toEqual([]);
      await other.close();
    });
  });
}
