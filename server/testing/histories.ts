/** How many random histories a test plays, and which. */
export interface Histories {
  numRuns: number;
  seed: number;
}

/**
 * HOLDFAST_TEST_HISTORIES: how many, HOLDFAST_TEST_SEED: which; a test that says nothing else plays few enough for every
 * run of all tests.
 */
export function histories(usual: Histories): Histories {
  return {
    numRuns: Number(process.env['HOLDFAST_TEST_HISTORIES'] ?? usual.numRuns),
    seed: Number(process.env['HOLDFAST_TEST_SEED'] ?? usual.seed),
  };
}
