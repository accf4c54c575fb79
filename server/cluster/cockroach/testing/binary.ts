import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** What CockroachDB's binary is called: the whole one, and the one without the DB Console. */
const NAMES = ['cockroach', 'cockroach-short'];

/** The CockroachDB binary to test with: `COCKROACH_BIN`, else one on PATH; null where there is none. */
export function findBinary(environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = environment['COCKROACH_BIN'];
  if (named !== undefined && named !== '') return path.resolve(named);
  const directories = (environment['PATH'] ?? '')
    .split(path.delimiter)
    .filter((directory) => directory !== '');
  const candidates = NAMES.flatMap((name) => directories.map((directory) => path.join(directory, name)));
  return candidates.find(isExecutable) ?? null;
}

/** For running it: `COCKROACH_URL` would lead its commands to another cluster than the flags say. */
export function environment(): NodeJS.ProcessEnv {
  const { COCKROACH_URL: _, ...others } = process.env;
  return others;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
