import { defineConfig } from 'vitest/config';

/** Tests against a real CockroachDB cluster, whose URL is in COCKROACH_URL. Not part of `npm test`. */
export default defineConfig({
  test: {
    include: ['server/**/*.live.test.ts'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    // One after the other: they share one cluster.
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
