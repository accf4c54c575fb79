import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 1024 * 1024;
/** How many bytes pass between two looks at the memory. */
const LOOK_EVERY = 8 * MIB;
/** By how much the memory outside of V8's heap may grow before dropped buffers are looked for. */
const MOST_GROWTH = 16 * MIB;

type Collect = (options: { type: 'minor' }) => void;

let collect: Collect | null = null;
let passed = 0;
let least = Infinity;

/**
 * To be told of bytes that pass through. Buffers lie outside of V8's heap, and it looks for those that nobody holds any more only
 * after some 64 MiB of them: a process that reads 300 MiB by node:http grows by 90 MiB, whatever is done with the bytes. Here they
 * are looked for once there are 16 MiB, among what is young, which takes a millisecond or so.
 */
export function bytesPassed(bytes: number): void {
  passed += bytes;
  if (passed < LOOK_EVERY) return;
  passed = 0;
  const { external_memory: now } = getHeapStatistics();
  least = Math.min(least, now);
  if (now < least + MOST_GROWTH) return;
  collect ??= collector();
  collect({ type: 'minor' });
  least = getHeapStatistics().external_memory;
}

function collector(): Collect {
  setFlagsFromString('--expose-gc');
  const found = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  return found;
}
