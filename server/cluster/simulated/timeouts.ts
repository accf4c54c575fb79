import { HoldfastError } from '../../errors.ts';
import { type SimulationClock, wait } from './clock.ts';
import type { World } from './model.ts';
import { happens, hash, hashText } from './random.ts';
import { TIMEOUT_MS } from './unrest.ts';

/**
 * Throws `cluster-unavailable`, after a time, for one of the calls that time out in this world. `doing`: what was asked for; the
 * same, asked at another time, has other luck.
 */
export async function answerInTime(
  { seed, unrest }: World,
  clock: SimulationClock,
  doing: string,
  closing: AbortSignal,
): Promise<void> {
  if (unrest.timeouts === 0) return;
  const now = clock.now().getTime();
  if (!happens(unrest.timeouts, hash(seed, hashText(doing), now, Math.floor(now / 2 ** 32)))) return;
  await wait(clock, TIMEOUT_MS, closing);
  throw new HoldfastError(
    'cluster-unavailable',
    `could not ${doing}: no answer within ${TIMEOUT_MS / 1000} seconds`,
    { hint: 'Try again: the cluster is a simulation in which such things happen now and then.' },
  );
}
