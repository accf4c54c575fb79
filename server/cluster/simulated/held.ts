import { HoldfastError } from '../../errors.ts';
import { type HeldMoment, type Moment, momentText } from '../moment.ts';
import { type SimulationClock, wait } from './clock.ts';
import { deadlineOf } from './passage.ts';

/** A moment that is lost when it leaves a GC window of so many seconds. */
export function heldMoment(
  moment: Moment,
  clock: SimulationClock,
  gcSeconds: number,
  closing: AbortSignal,
): HeldMoment {
  const lost = new AbortController();
  const released = new AbortController();
  const deadline = deadlineOf(moment, gcSeconds);
  const watch = async (): Promise<void> => {
    const over = AbortSignal.any([released.signal, closing]);
    // A clock that is put back has it wait again.
    for (let left = -1; left !== 0;) {
      left = Math.max(0, deadline + 1 - clock.now().getTime());
      if (left > 0) await wait(clock, left, over);
    }
    lost.abort(
      new HoldfastError(
        'unreadable-moment',
        `${momentText(moment)} can't be read any more: its GC window of ${gcSeconds} seconds ended at ${new Date(deadline).toISOString()}`,
        { hint: 'Take a later moment.', field: 'asOf' },
      ),
    );
  };
  // Only by the end of the watch: the moment was released, or the cluster closed.
  watch().catch(() => undefined);
  return {
    moment,
    lost: lost.signal,
    release: async () => {
      released.abort();
    },
  };
}
