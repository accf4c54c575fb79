import { z } from 'zod';
import { HoldfastError } from '../../errors.ts';
import { CALM, type Unrest } from './unrest.ts';

/** Everything that a simulated cluster is made from: two of the same options are the same cluster, byte by byte. */
export interface SimulationOptions {
  /** 1 to 1000. */
  nodes: number;
  /** Which of the many clusters of that size. */
  seed: number;
  /** Rows of all tables together, about. */
  rows: number;
  /** What a range has on average, in bytes of COPY text. */
  rangeBytes: number;
  /** How long a step of its time is, in seconds. */
  every: number;
  /** How many rows change in a step, in per cent; 0: they never do. */
  changes: number;
  unrest: Unrest;
}

const FORM = 'simulated://3?seed=7&rows=200000&every=60s&changes=0.1';
const DEFAULT_ROWS = 200_000;
/** Small enough that a cluster of the default size has some dozens of ranges; real ones are far larger. */
const DEFAULT_RANGE = '128KiB';
/** In an hour some six of a hundred rows change: enough to see, and an incremental backup is much smaller still. */
const DEFAULT_EVERY = '60s';
const DEFAULT_CHANGES = '0.1';
const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 };
const UNIT_BYTES: Record<string, number> = { KiB: 1024, MiB: 1024 * 1024 };
const DAY_SECONDS = 24 * 3600;
const MOST_GC_SECONDS = 500 * 3600;
const MOST_RANGE_BYTES = 512 * 1024 * 1024;
const MOST_CHANGES = 50;
const MOST_UNREST = 90;

function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}

/** In seconds. */
function time(max: number) {
  return z
    .string()
    .regex(/^\d{1,7}[smh]$/)
    .transform((text) => parseInt(text, 10) * (UNIT_SECONDS[text.slice(-1)] ?? 0))
    .pipe(z.number().min(1).max(max));
}

function perCent(max: number) {
  return z
    .string()
    .regex(/^\d{1,2}(\.\d{1,3})?$/)
    .transform(Number)
    .pipe(z.number().min(0).max(max));
}

const size = z
  .string()
  .regex(/^\d{1,6}(KiB|MiB)$/)
  .transform((text) => parseInt(text, 10) * (UNIT_BYTES[text.slice(-3)] ?? 0))
  .pipe(z.number().min(1024).max(MOST_RANGE_BYTES));

const nodesSchema = integer(1, 1000);
const optionsSchema = z.strictObject({
  seed: integer(0, 2 ** 32 - 1).default(1),
  rows: integer(0, 1_000_000_000).default(DEFAULT_ROWS),
  range: size.prefault(DEFAULT_RANGE),
  every: time(DAY_SECONDS).prefault(DEFAULT_EVERY),
  changes: perCent(MOST_CHANGES).prefault(DEFAULT_CHANGES),
  leases: time(DAY_SECONDS).optional(),
  splits: time(DAY_SECONDS).optional(),
  gc: time(MOST_GC_SECONDS).default(CALM.gcSeconds),
  down: perCent(MOST_UNREST).default(0),
  slow: perCent(MOST_UNREST).default(0),
  faults: perCent(MOST_UNREST).default(0),
  hangs: perCent(MOST_UNREST).default(0),
  timeouts: perCent(MOST_UNREST).default(0),
});
type Options = z.infer<typeof optionsSchema>;

const TIME = 'that is no time from 1s to 24h, such as 60s, 5m or 1h';
const PER_CENT = `that are no per cent from 0 to ${MOST_UNREST}, with three decimals at most`;
const PROBLEMS: Record<keyof Options, string> = {
  seed: 'a seed that is no integer from 0 to 4294967295',
  rows: 'a number of rows that is no integer from 0 to 1000000000',
  range: 'a range that is no size from 1KiB to 512MiB',
  every: `an every ${TIME}`,
  changes: `changes that are no per cent of the rows from 0 to 50, with three decimals at most`,
  leases: `a time for leases ${TIME}`,
  splits: `a time for splits ${TIME}`,
  gc: 'a GC window that is no time from 1s to 500h, such as 60s, 5m or 25h',
  down: `down nodes ${PER_CENT}`,
  slow: `slow nodes ${PER_CENT}`,
  faults: `faults ${PER_CENT}`,
  hangs: `hangs ${PER_CENT}`,
  timeouts: `timeouts ${PER_CENT}`,
};

/** Reads `simulated://N?seed=S&rows=R&…`. Throws `invalid-value`, never repeating what else stands in the URL. */
export function parseSimulatedUrl(url: string): SimulationOptions {
  const [, host = '', query = ''] = /^simulated:\/\/([^/?#]*)\/?(?:\?([^#]*))?$/i.exec(url) ?? [];
  const nodes = nodesSchema.safeParse(host);
  if (!nodes.success) throw wrong('names no number of nodes from 1 to 1000');
  const pairs = [...new URLSearchParams(query)];
  const options = optionsSchema.safeParse(Object.fromEntries(pairs));
  if (!options.success) {
    const names = new Set<unknown>(options.error.issues.map(({ path }) => path[0]));
    for (const [name, problem] of Object.entries(PROBLEMS))
      if (names.has(name)) throw wrong(`has ${problem}`);
    throw wrong(`has a parameter beside ${Object.keys(PROBLEMS).join(', ')}`);
  }
  if (pairs.length > new Set(pairs.map(([name]) => name)).size) throw wrong('has a parameter twice');
  const { seed, rows, range, every, changes, ...unrest } = options.data;
  return { nodes: nodes.data, seed, rows, rangeBytes: range, every, changes, unrest: unrestOf(unrest) };
}

type UnrestOptions = Pick<
  Options,
  'leases' | 'splits' | 'gc' | 'down' | 'slow' | 'faults' | 'hangs' | 'timeouts'
>;

function unrestOf({ leases, splits, gc, down, slow, faults, hangs, timeouts }: UnrestOptions): Unrest {
  return {
    ...CALM,
    leaseSeconds: leases ?? null,
    splitSeconds: splits ?? null,
    gcSeconds: gc,
    down: down / 100,
    slow: slow / 100,
    faults: faults / 100,
    hangs: hangs / 100,
    timeouts: timeouts / 100,
  };
}

function wrong(problem: string): HoldfastError {
  return new HoldfastError('invalid-value', `the URL of the simulated cluster ${problem}`, {
    hint: `It looks like simulated://3 or ${FORM}.`,
    field: 'cluster',
  });
}
