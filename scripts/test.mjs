/**
 * `npm test`: set-up, then every check and test there is, each whatever became of those before. Ends with the line
 * `tests: N passed, N failed` and exit code 1 if one failed. `npm test -- eslint unit` runs these steps only.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build, checkNode, fail, install, NODE, ROOT, run } from './setup.mjs';

const RESULTS = path.join(ROOT, 'test-results');
const UNIT = path.join(RESULTS, 'unit.json');
const E2E = path.join(RESULTS, 'e2e.json');

/** @typedef {{ passed: number, failed: number }} Count */

/**
 * A step that is one test itself.
 * @param {() => Promise<number>} work  answers an exit code
 * @returns {() => Promise<Count>}
 */
function check(work) {
  return async () => ((await work()) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}

/**
 * A step that counts its tests itself, in a file. One that fails with no failed test has failed all the same: a
 * file that doesn't load, a Holdfast that doesn't start.
 * @param {() => Promise<number>} work
 * @param {string} file
 * @param {(report: any) => Count} count
 * @returns {() => Promise<Count>}
 */
function suite(work, file, count) {
  return async () => {
    rmSync(file, { force: true });
    const code = await work();
    const counted = existsSync(file)
      ? count(JSON.parse(readFileSync(file, 'utf8')))
      : { passed: 0, failed: 0 };
    return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
  };
}

/**
 * @param {string} program  relative to node_modules
 * @param {string[]} args
 */
function tool(program, ...args) {
  return run(NODE, [path.join('node_modules', program), ...args]);
}

/** @type {Record<string, () => Promise<Count>>} */
const steps = {
  prettier: check(() => tool('prettier/bin/prettier.cjs', '--check', '.', '--log-level', 'warn')),
  eslint: check(() => tool('eslint/bin/eslint.js', '.', '--max-warnings', '0')),
  tsc: check(() => tool('typescript/bin/tsc', '-p', '.', '--noEmit')),
  // Before the tests: some of them start all of Holdfast.
  build: check(() =>
    build().then(
      () => 0,
      (error) => {
        console.error(`holdfast: ${error instanceof Error ? error.message : String(error)}`);
        return 1;
      },
    ),
  ),
  unit: suite(
    () =>
      tool('vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${UNIT}`),
    UNIT,
    (report) => ({ passed: report.numPassedTests, failed: report.numFailedTests }),
  ),
  e2e: suite(
    () => tool('playwright/cli.js', 'test', '--config', 'e2e/playwright.config.ts'),
    E2E,
    (report) => ({ passed: report.stats.expected, failed: report.stats.unexpected + report.stats.flaky }),
  ),
};

checkNode();
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in steps));
if (unknown !== undefined) fail(`no step "${unknown}"; there are ${Object.keys(steps).join(', ')}`);
try {
  await install();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

const total = { passed: 0, failed: 0 };
for (const [name, step] of Object.entries(steps)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n== ${name}`);
  const began = performance.now();
  const count = await step();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`== ${name}: ${count.passed} passed, ${count.failed} failed (${seconds} s)`);
  total.passed += count.passed;
  total.failed += count.failed;
}
console.log(`\ntests: ${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
