/** What all benchmarks measure with. Seconds are this machine's; only ratios of one run say anything. */

/** How long the work took, in seconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return round((performance.now() - started) / 1000);
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** To thousandths. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
