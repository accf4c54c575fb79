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
}

const FORM = 'simulated://3?seed=7&rows=200000';
const DEFAULT_ROWS = 200_000;

function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
}

const nodesSchema = integer(1, 1000);
const optionsSchema = z.strictObject({
  seed: integer(0, 2 ** 32 - 1).default(1),
  rows: integer(0, 1_000_000_000).default(DEFAULT_ROWS),
});

/** Reads `simulated://N?seed=S&rows=R`. Throws `invalid-value`, never repeating what else stands in the URL. */
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
    throw wrong('has a parameter beside seed and rows');
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
