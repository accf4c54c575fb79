import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian's packages put each major version. */
const INSTALLED = '/usr/lib/postgresql';

/**
 * A directory with a server and this program of one version: HOLDFAST_TEST_POSTGRES, or the newest that is installed. Null
 * where there is none, which is said with `without`: what is not tested then.
 */
export function findInstalled(program: string, without: string): string | null {
  const given = process.env['HOLDFAST_TEST_POSTGRES'];
  const majors = existsSync(INSTALLED) ? readdirSync(INSTALLED) : [];
  const candidates =
    given === undefined
      ? majors.sort((a, b) => Number(b) - Number(a)).map((major) => join(INSTALLED, major, 'bin'))
      : [given];
  const found = candidates.find((bin) =>
    ['initdb', 'postgres', program].every((each) => existsSync(join(bin, each))),
  );
  if (found !== undefined) return found;
  const where = given === undefined ? `no directory below ${INSTALLED} has` : `${given} doesn't have`;
  process.stderr.write(`SKIPPED: ${where} initdb, postgres and ${program}. ${without}\n`);
  return null;
}
