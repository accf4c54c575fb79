import { randomBytes } from 'node:crypto';
import { addAbortSignal, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import type { Location } from './location.ts';
import { storeErrorToHoldfast } from './open.ts';
import { DEFAULT_POLICY } from './retry.ts';
import { StoreError, type Store } from './store.ts';
import type { Tuning } from './tuning.ts';

/** What a probe finds out, in this order. */
const STEPS = ['write', 'read', 'list', 'keep', 'remove'] as const;

const stepSchema = z.object({
  /** `keep`: a second file of a name doesn't take the first one's place. */
  step: z.enum(STEPS),
  /** `warning`: backups work all the same. `skipped`: something before it failed. */
  outcome: z.enum(['ok', 'warning', 'failed', 'skipped']),
  milliseconds: z.number(),
  /** An ErrorCode; null where nothing failed. */
  code: z.string().nullable(),
  message: z.string().nullable(),
  hint: z.string().nullable(),
});
export type ProbeStep = z.infer<typeof stepSchema>;

export const probeReportSchema = z.object({
  /** Nothing failed: backups can go there. */
  ok: z.boolean(),
  steps: z.array(stepSchema),
});
/** What a probe found, for people; nothing of it is secret. */
export type ProbeReport = z.infer<typeof probeReportSchema>;

export interface ProbeOptions {
  /** For all of it; what takes longer is given up, with words. */
  deadlineMs?: number;
  /** Milliseconds from any point on. */
  clock?: () => number;
  random?: (bytes: number) => Buffer;
}

const DEADLINE_MS = 30_000;
/** For taking the probe back after something failed. */
const CLEARING_MS = 5_000;
const PROBE_BYTES = 4096;
/** An odd piece out of its middle. */
const PIECE = { start: 1001, end: 3003 };

/** A person waits: what fails is tried again once, and what hangs is given up well before all of it is. */
export const PROBE_TUNING: Tuning = {
  retry: { ...DEFAULT_POLICY, attempts: 2 },
  connectMs: 6_000,
  stallMs: 8_000,
};

/**
 * Finds out whether backups can be written to a place and read back from it, by doing so with a small file that is removed in
 * the end. What a store can't do is told as data; anything that isn't about the store (HoldfastError `internal`, a bug) is thrown.
 */
export async function probe(
  store: Store,
  location: Location,
  { deadlineMs = DEADLINE_MS, clock = () => performance.now(), random = randomBytes }: ProbeOptions = {},
): Promise<ProbeReport> {
  const file = {
    name: `.holdfast-probe-${random(8).toString('hex')}`,
    bytes: random(PROBE_BYTES),
    signal: AbortSignal.timeout(deadlineMs),
  };
  const steps: ProbeStep[] = [];
  const run = async (step: ProbeStep['step'], work: () => Promise<string | null>): Promise<boolean> => {
    const began = clock();
    const done = (outcome: ProbeStep['outcome'], told: Told): void => {
      steps.push({ step, outcome, milliseconds: Math.max(0, Math.round(clock() - began)), ...told });
    };
    try {
      done('ok', { ...NOTHING, message: await within(work(), file.signal) });
      return true;
    } catch (error) {
      const told = error === LATE ? late(deadlineMs) : tell(error, location, file.name);
      if (step === 'remove') done('warning', { ...told, hint: withoutRemoving(location, file.name) });
      else done('failed', told);
      return false;
    }
  };
  let left = true;
  try {
    if (await run('write', () => write(store, file))) {
      for (const [step, work] of [
        ['read', readBack],
        ['list', list],
        ['keep', writeAgain],
      ] as const) {
        if (!file.signal.aborted) await run(step, () => work(store, file));
      }
      if (!file.signal.aborted) left = !(await run('remove', () => remove(store, file)));
    }
  } finally {
    // Also after a write that failed: it may have got there, or left parts of it.
    if (left && steps.at(-1)?.step !== 'remove') await clear(store, file.name);
  }
  return {
    ok: steps.every(({ outcome }) => outcome !== 'failed'),
    steps: STEPS.map(
      (step) =>
        steps.find((each) => each.step === step) ?? {
          step,
          outcome: 'skipped' as const,
          milliseconds: 0,
          ...NOTHING,
        },
    ),
  };
}

interface ProbeFile {
  name: string;
  bytes: Buffer;
  signal: AbortSignal;
}

type Told = Pick<ProbeStep, 'code' | 'message' | 'hint'>;
const NOTHING: Told = { code: null, message: null, hint: null };

async function write(store: Store, { name, bytes, signal }: ProbeFile): Promise<null> {
  await store.put(name, Readable.from([bytes]), { signal, expectedBytes: bytes.length });
  return null;
}

async function readBack(store: Store, { name, bytes, signal }: ProbeFile): Promise<null> {
  const { bytes: found } = await store.stat(name);
  if (found !== bytes.length)
    throw odd(
      `${bytes.length} bytes were written, and it says that ${found} are there`,
      'Something in between changes what passes through it.',
    );
  const whole = await read(await store.get(name), bytes.length, signal);
  if (!whole.equals(bytes))
    throw odd(
      'what was read back is not what was written',
      'Something in between changes what passes through it.',
    );
  const wanted = bytes.subarray(PIECE.start, PIECE.end + 1);
  const piece = await read(await store.get(name, PIECE), wanted.length, signal);
  if (!piece.equals(wanted))
    throw odd(
      'a piece of the file was asked for, and something else came',
      'Restores go on where a connection broke off: the server has to answer ranges.',
    );
  return null;
}

async function list(store: Store, { name, bytes }: ProbeFile): Promise<string | null> {
  try {
    for await (const file of store.list(name)) {
      if (file.name === name && file.bytes === bytes.length) return null;
      throw odd(
        `it lists ${JSON.stringify(file.name)}, ${file.bytes} bytes, in the place of what was written`,
      );
    }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'no-listing')
      return 'Files can’t be listed here. Backups name their files, so they work without that.';
    throw error;
  }
  throw odd(
    'the file that was written is not listed',
    'Whether a place is empty can’t be told: a backup there could meet files of others.',
  );
}

async function writeAgain(store: Store, { name, bytes, signal }: ProbeFile): Promise<null> {
  try {
    await store.put(name, Readable.from([Buffer.alloc(bytes.length)]), {
      signal,
      expectedBytes: bytes.length,
    });
  } catch (error) {
    if (error instanceof StoreError && error.code === 'exists') return null;
    throw error;
  }
  throw odd(
    'a second file of the same name took the first one’s place',
    'Two jobs could write over each other’s files: use a service that knows conditional writes.',
  );
}

async function remove(store: Store, { name }: ProbeFile): Promise<null> {
  await store.remove(name);
  try {
    await store.stat(name);
  } catch {
    // It isn't there; or nobody may know, as in a bucket of S3 that may not be listed.
    return null;
  }
  throw odd('it says that the file was removed, but the file is still there');
}

/** Whatever becomes of it: the reason to tell people was there before. */
async function clear(store: Store, name: string): Promise<void> {
  await Promise.race([
    store.remove(name).catch(() => undefined),
    sleep(CLEARING_MS, undefined, { ref: false }),
  ]);
}

/** At most a little more than it should be: a server may send without end. */
async function read(stream: Readable, expected: number, signal: AbortSignal): Promise<Buffer> {
  addAbortSignal(signal, stream);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > expected) break;
  }
  return Buffer.concat(chunks);
}

const LATE = new Error('the probe took too long');

/** Not everything that a store does can be aborted; nobody waits for it any more then. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(LATE);
    signal.addEventListener('abort', onAbort, { once: true });
    work
      .then(resolve, (error: unknown) => reject(signal.aborted ? LATE : (error as Error)))
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function late(deadlineMs: number): Told {
  return {
    code: 'storage-unavailable',
    message: `there was no answer in time: after ${Math.round(deadlineMs / 100) / 10} s the test was given up`,
    hint: 'Check that the service is up, and the network between this machine and it.',
  };
}

/** Object locks and write-only users are no mistake; what one does without is said all the same. */
function withoutRemoving({ redacted }: Location, name: string): string {
  return (
    'Backups and restores work without that. But a backup that is cancelled or fails leaves its files there; ' +
    `this test left ${name} at ${redacted}.`
  );
}

/** A store does what it says, but not what is needed. */
function odd(message: string, hint?: string): StoreError {
  return new StoreError('failed', message, null, hint === undefined ? {} : { hint });
}

/** The error's words without the place and the file, which whoever reads them knows. */
function tell(error: unknown, location: Location, name: string): Told {
  const known = storeErrorToHoldfast(error, location);
  if (!(error instanceof HoldfastError || error instanceof StoreError) || known.code === 'internal')
    throw error;
  let { message } = known;
  for (const start of [`${location.redacted}: `, `${name}: `])
    if (message.startsWith(start)) message = message.slice(start.length);
  return { code: known.code, message, hint: known.hint ?? null };
}
