import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{app,components,server,scripts}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', 'e2e/**', '.next/**', '**/*.live.test.ts'],
    // Real servers and real processes: a fork each, and no more of them than the smallest machine bears.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
