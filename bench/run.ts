/** `npm run bench`: every benchmark, one JSON line a result. Names after it choose: `npm run bench full-backup`. */
import { cockroachLoad } from './cockroach-load.ts';
import { cockroach } from './cockroach.ts';
import { engines } from './engines.ts';
import { fullBackup } from './full-backup.ts';
import { jobs } from './jobs.ts';
import { plan } from './plan.ts';
import { postgresIncremental } from './postgres-incremental.ts';
import { restore } from './restore.ts';
import { seal } from './seal.ts';

/** One result. `ratio` compares what was measured side by side in this run; times are this machine's. */
export interface Result {
  benchmark: string;
  /** How many rows were moved, or looked among. */
  rows: number;
  seconds?: Record<string, number>;
  milliseconds?: Record<string, number>;
  ratio: Record<string, number>;
  /** What else there is to tell. */
  counts?: Record<string, number>;
}

const benchmarks: Record<string, () => Promise<Result[]>> = {
  'full-backup': fullBackup,
  'postgres-incremental': postgresIncremental,
  restore,
  engines,
  jobs,
  plan,
  seal,
  cockroach,
  'cockroach-load': cockroachLoad,
};

const chosen = process.argv.slice(2);
for (const name of chosen) {
  if (!(name in benchmarks)) {
    console.error(`There is no benchmark ${name}. There are: ${Object.keys(benchmarks).join(', ')}.`);
    process.exit(1);
  }
}
for (const [name, run] of Object.entries(benchmarks)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  for (const result of await run()) console.log(JSON.stringify(result));
}
