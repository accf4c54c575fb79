import { defineConfig } from 'vitest/config';
import { findBinary } from './server/cluster/cockroach/testing/binary.ts';

const runs = (process.env['COCKROACH_URL'] ?? '') !== '' || findBinary() !== null;
if (!runs) {
  console.warn(
    'SKIPPED: all tests that need a CockroachDB cluster. There is no `cockroach` on PATH, no COCKROACH_BIN and no COCKROACH_URL.',
  );
}

/**
 * Tests against a real CockroachDB cluster: the one of COCKROACH_URL, else one of three nodes that is started from the
 * binary. Not part of `npm test`.
 */
export default defineConfig({
  test: {
    include: runs ? ['server/**/*.live.test.ts'] : [],
    passWithNoTests: !runs,
    exclude: ['**/node_modules/**'],
    globalSetup: runs ? ['server/cluster/cockroach/testing/global-setup.ts'] : [],
    pool: 'forks',
    // One after the other: they share one cluster.
    maxWorkers: 1,
    fileParallelism: false,
    // Three nodes and the tests may have to share two cores.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
