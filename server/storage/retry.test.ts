import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY, retry } from './retry.ts';
import { StoreError } from './store.ts';

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

  it('waits as long as the service asks, within reason', async () => {
    const asking = (retryAfterMs: number) => () =>
      new StoreError('transient', 'slow down', null, { retryAfterMs });
    const { waits, policy } = recorded(0);
    await retry(failing(1, asking(7_000)).attempt, policy);
    await retry(failing(1, asking(3_600_000)).attempt, policy);
    await retry(failing(1, asking(1)).attempt, policy);
    expect(waits).toEqual([7_000, 60_000, 50]);
  });

  it('ends the waiting when it is aborted', async () => {
    const aborting = new AbortController();
    const { attempt, calls } = failing(3);
    const policy = { ...DEFAULT_POLICY, firstWaitMs: 60_000, longestWaitMs: 60_000 };
    const waiting = retry(attempt, policy, aborting.signal);
    aborting.abort();
    await expect(waiting).rejects.toThrow();
    expect(calls.count).toBe(1);
  });
});
