import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { retry, withRetry } from './retry.ts';
import { StoreError, type FileInfo, type Store } from './store.ts';

const transient = () => new StoreError('transient', 'busy', null);

/** Fails as often as told with a transient error, then works. */
function failing(times: number, error: () => Error = transient) {
  const calls = { count: 0 };
  const attempt = async (): Promise<string> => {
    calls.count++;
    if (calls.count <= times) throw error();
    return 'done';
  };
  return { calls, attempt };
}

function recorded(random = 0) {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return {
    waits,
    policy: { attempts: 5, firstWaitMs: 100, longestWaitMs: 300, sleep, random: () => random },
  };
}

describe('retry', () => {
  it('waits twice as long each time, up to a limit, with jitter', async () => {
    const { attempt } = failing(4);
    const least = recorded(0);
    expect(await retry(attempt, least.policy)).toBe('done');
    expect(least.waits).toEqual([50, 100, 150, 150]);
    const most = recorded(0.5);
    await retry(failing(2).attempt, most.policy);
    expect(most.waits).toEqual([75, 150]);
  });

  it('gives up with the last error', async () => {
    const { attempt, calls } = failing(5);
    await expect(retry(attempt, recorded().policy)).rejects.toMatchObject({ code: 'transient' });
    expect(calls.count).toBe(5);
  });

  it.each(['not-found', 'exists', 'denied', 'invalid-name', 'no-space', 'failed'] as const)(
    'does not repeat %s',
    async (code) => {
      const { attempt, calls } = failing(1, () => new StoreError(code, 'x', null));
      await expect(retry(attempt, recorded().policy)).rejects.toMatchObject({ code });
      expect(calls.count).toBe(1);
    },
  );

  it('does not repeat what is no StoreError', async () => {
    const { attempt, calls } = failing(1, () => new TypeError('a bug'));
    await expect(retry(attempt, recorded().policy)).rejects.toThrow('a bug');
    expect(calls.count).toBe(1);
  });
});

describe('withRetry', () => {
  /** A store whose every call fails once. */
  function flaky(): { store: Store; calls: string[] } {
    const calls: string[] = [];
    const once = (what: string): void => {
      calls.push(what);
      if (calls.filter((call) => call === what).length === 1) throw transient();
    };
    const store: Store = {
      put: async () => (once('put'), { bytes: 0 }),
      get: async () => (once('get'), Readable.from(['x'])),
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

  it('repeats reads and removals, not writes', async () => {
    const { store, calls } = flaky();
    const retried = withRetry(store, recorded().policy);
    await retried.get('x');
    await retried.stat('x');
    await retried.remove('x');
    await expect(retried.put('x', Readable.from(['x']))).rejects.toMatchObject({ code: 'transient' });
    expect(calls).toEqual(['get', 'get', 'stat', 'stat', 'remove', 'remove', 'put']);
  });

  it('starts a listing again until it has given out a file, and not after', async () => {
    const names: string[] = [];
    const listing = withRetry(flaky().store, recorded().policy).list('');
    await expect(
      (async () => {
        for await (const { name } of listing) names.push(name);
      })(),
    ).rejects.toMatchObject({ code: 'transient' });
    expect(names).toEqual(['a']);
  });
});
