import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { patient } from './patient.ts';
import { StoreError, type FileInfo, type Store } from './store.ts';
import { codeOf, textOf } from './testing.ts';
import type { Tuning } from './tuning.ts';

const transient = () => new StoreError('transient', 'busy', null);

function quick(): { waits: number[]; tuning: Tuning } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return {
    waits,
    tuning: {
      retry: { attempts: 4, firstWaitMs: 100, longestWaitMs: 300, sleep, random: () => 0 },
      connectMs: 100,
      stallMs: 50,
    },
  };
}

describe('calls', () => {
  /** A store whose every call fails once. */
  function flaky(): { store: Store; calls: string[] } {
    const calls: string[] = [];
    const once = (what: string): void => {
      calls.push(what);
      if (calls.filter((call) => call === what).length === 1) throw transient();
    };
    const store: Store = {
      put: async () => (once('put'), { bytes: 0 }),
      get: async () => (once('get'), Readable.from([Buffer.from('x')])),
      stat: async (name) => (once('stat'), { name, bytes: 1 }),
      remove: async () => once('remove'),
      async *list(): AsyncIterable<FileInfo> {
        once('list');
        yield { name: 'a', bytes: 1 };
        once('next');
        yield { name: 'b', bytes: 1 };
      },
      close: async () => {},
    };
    return { store, calls };
  }

  it('are repeated where they read or remove, not where they write', async () => {
    const { store, calls } = flaky();
    const retried = patient(store, quick().tuning);
    (await retried.get('x')).destroy();
    await retried.stat('x');
    await retried.remove('x');
    await expect(retried.put('x', Readable.from(['x']))).rejects.toMatchObject({ code: 'transient' });
    expect(calls).toEqual(['get', 'get', 'stat', 'stat', 'remove', 'remove', 'put']);
  });

  it('start a listing again until it has given out a file, and not after', async () => {
    const names: string[] = [];
    const listing = patient(flaky().store, quick().tuning).list('');
    await expect(
      (async () => {
        for await (const { name } of listing) names.push(name);
      })(),
    ).rejects.toMatchObject({ code: 'transient' });
    expect(names).toEqual(['a']);
  });
});

describe('a read', () => {
  const CONTENT = Buffer.from('0123456789'.repeat(20_000));

  /** A file whose every stream ends as `ends` says: after so many bytes, by an error, silently, or hanging. */
  function breaking(...ends: { after: number; how: 'error' | 'close' | 'hang' | 'denied' }[]) {
    const asked: string[] = [];
    const store: Store = {
      put: () => Promise.reject(new Error('not here')),
      get: async (_name, range) => {
        const { start = 0, end = CONTENT.length - 1 } = range ?? {};
        asked.push(`${start}-${end}`);
        const bytes = CONTENT.subarray(start, end + 1);
        const breakage = ends[asked.length - 1];
        if (breakage === undefined) return Readable.from([bytes]);
        const stream = new Readable({ read() {} });
        if (breakage.after > 0) stream.push(bytes.subarray(0, breakage.after));
        // Once what was pushed has been read.
        const end_ = (): void => {
          if (breakage.how === 'error') stream.destroy(transient());
          if (breakage.how === 'denied') stream.destroy(new StoreError('denied', 'no', 'x'));
          if (breakage.how === 'close') stream.destroy();
        };
        setTimeout(end_, 10);
        return stream;
      },
      stat: async (name) => ({ name, bytes: CONTENT.length }),
      remove: async () => {},
      list: () => Readable.from([]),
      close: async () => {},
    };
    return { store, asked };
  }

  it('goes on where it broke off, however that was', async () => {
    const { store, asked } = breaking(
      { after: 1_000, how: 'error' },
      { after: 10, how: 'close' },
      { after: 5, how: 'hang' },
      { after: 0, how: 'error' },
      { after: 70_000, how: 'close' },
    );
    const text = await textOf(await patient(store, quick().tuning).get('x'));
    expect(text === CONTENT.toString()).toBe(true);
    const last = CONTENT.length - 1;
    expect(asked).toEqual([0, 1_000, 1_010, 1_015, 1_015, 71_015].map((start) => `${start}-${last}`));
  });

  it('keeps to its range', async () => {
    const { store, asked } = breaking({ after: 3, how: 'error' }, { after: 7, how: 'error' });
    const text = await textOf(await patient(store, quick().tuning).get('x', { start: 2, end: 11 }));
    expect(text).toBe('2345678901');
    // All of it had come when it broke off for the second time.
    expect(asked).toEqual(['2-11', '5-11']);
  });

  it('gives up when nothing comes any more', async () => {
    const { store, asked } = breaking(
      ...Array.from({ length: 9 }, () => ({ after: 0, how: 'error' as const })),
    );
    const { tuning, waits } = quick();
    expect(await codeOf(patient(store, tuning).get('x').then(textOf))).toBe('transient');
    expect(asked).toHaveLength(4);
    expect(waits).toEqual([50, 100, 150]);
  });

  it('gives up at once for what does not pass', async () => {
    const { store, asked } = breaking({ after: 4, how: 'denied' });
    expect(await codeOf(patient(store, quick().tuning).get('x').then(textOf))).toBe('denied');
    expect(asked).toHaveLength(1);
  });

  it('takes a slow reader for no stall', async () => {
    const { store, asked } = breaking();
    let bytes = 0;
    for await (const chunk of await patient(store, quick().tuning).get('x')) {
      bytes += (chunk as Buffer).length;
      await new Promise((resolve) => setTimeout(resolve, 120));
      if (bytes > 150_000) break;
    }
    expect(asked).toHaveLength(1);
  });

  it('lets go of what it reads from when it is given up', async () => {
    const { store } = breaking({ after: 4, how: 'hang' });
    const stream = await patient(store, quick().tuning).get('x');
    for await (const chunk of stream) {
      expect((chunk as Buffer).length).toBe(4);
      break;
    }
    expect(stream.destroyed).toBe(true);
  });
});

describe('bytes', () => {
  /** A store that loses the answer of its first write. */
  function forgetful(before: Buffer | null) {
    let held = before;
    let calls = 0;
    const store: Store = {
      put: async (_name, body) => {
        calls++;
        if (held !== null) throw new StoreError('exists', 'taken', 'x');
        held = Buffer.from(body as Uint8Array);
        throw transient();
      },
      get: async () => Readable.from([held]),
      stat: async (name) => ({ name, bytes: held?.length ?? 0 }),
      remove: async () => {},
      list: () => Readable.from([]),
      close: async () => {},
    };
    return { store, calls: () => calls };
  }

  it('are written again when that may have failed, and known again', async () => {
    const { store, calls } = forgetful(null);
    expect(await patient(store, quick().tuning).put('x', Buffer.from('mine'))).toEqual({ bytes: 4 });
    expect(calls()).toBe(2);
  });

  it('never replace, nor are taken for, what was there before', async () => {
    const { store, calls } = forgetful(Buffer.from('mine'));
    expect(await codeOf(patient(store, quick().tuning).put('x', Buffer.from('mine')))).toBe('exists');
    expect(calls()).toBe(1);
  });
});
