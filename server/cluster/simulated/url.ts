import { z } from 'zod';
import { HoldfastError } from '../../errors.ts';

/** Everything that a simulated cluster is made from: two of the same options are the same cluster, byte by byte. */
export interface SimulationOptions {
  /** 1 to 1000. */
  nodes: number;
  /** Which of the many clusters of that size. */
  seed: number;
  /** Rows of all tables together, about. */
  rows: number;
  /** How long a step of its time is, in seconds. */
  every: number;
  /** How many rows change in a step, in per cent; 0: they never do. */
  changes: number;
}

const FORM = 'simulated://3?seed=7&rows=200000&every=60s&changes=0.1';
const DEFAULT_ROWS = 200_000;
/** In an hour some six of a hundred rows change: enough to see, and an incremental backup is much smaller still. */
const DEFAULT_EVERY = '60s';
const DEFAULT_CHANGES = '0.1';
const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600 };
const DAY_SECONDS = 24 * 3600;
const MOST_CHANGES = 50;

function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}

const everySchema = z
  .string()
  .regex(/^\d{1,5}[smh]$/)
  .transform((text) => parseInt(text, 10) * (UNIT_SECONDS[text.slice(-1)] ?? 0))
  .pipe(z.number().min(1).max(DAY_SECONDS));
const changesSchema = z
  .string()
  .regex(/^\d{1,2}(\.\d{1,3})?$/)
  .transform(Number)
  .pipe(z.number().min(0).max(MOST_CHANGES));

const nodesSchema = integer(1, 1000);
const optionsSchema = z.strictObject({
  seed: integer(0, 2 ** 32 - 1).default(1),
  rows: integer(0, 1_000_000_000).default(DEFAULT_ROWS),
  every: everySchema.prefault(DEFAULT_EVERY),
  changes: changesSchema.prefault(DEFAULT_CHANGES),
});

/** Reads `simulated://N?seed=S&rows=R&every=60s&changes=0.1`. Throws `invalid-value`, never repeating what else stands in the URL. */
export function parseSimulatedUrl(url: string): SimulationOptions {
  const [, host = '', query = ''] = /^simulated:\/\/([^/?#]*)\/?(?:\?([^#]*))?$/i.exec(url) ?? [];
  const nodes = nodesSchema.safeParse(host);
  if (!nodes.success) throw wrong('names no number of nodes from 1 to 1000');
  const pairs = [...new URLSearchParams(query)];
  const options = optionsSchema.safeParse(Object.fromEntries(pairs));
  if (!options.success) {
    const names = new Set(options.error.issues.map(({ path }) => path[0] ?? null));
    if (names.has('seed')) throw wrong('has a seed that is no integer from 0 to 4294967295');
    if (names.has('rows')) throw wrong('has a number of rows that is no integer from 0 to 1000000000');
    if (names.has('every')) throw wrong('has an every that is no time from 1s to 24h, such as 60s, 5m or 1h');
    if (names.has('changes'))
      throw wrong('has changes that are no per cent of the rows from 0 to 50, with three decimals at most');
    throw wrong('has a parameter beside seed, rows, every and changes');
  }
  if (pairs.length > new Set(pairs.map(([name]) => name)).size) throw wrong('has a parameter twice');
  return { nodes: nodes.data, ...options.data };
}

function wrong(problem: string): HoldfastError {
  return new HoldfastError('invalid-value', `the URL of the simulated cluster ${problem}`, {
    hint: `It looks like simulated://3 or ${FORM}.`,
    field: 'cluster',
  });
}
