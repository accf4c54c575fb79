import { expect, it } from 'vitest';
import { smallWorld } from '../../cluster/simulated/small-world.ts';
import { LEASES_MS, READ_STALL_MS } from '../timing.ts';
import { backUp } from './one-backup.ts';

// What of a source's unrest takes longer than schedules do.

it('a backup that takes its time tells of leases that move meanwhile, follows them, and equals the source', async () => {
  // Some twenty minutes, while each range's lease moves every ten.
  const unrest = { slow: 1, slowMs: 8_000, leaseSeconds: 600 };
  const run = (seed: number) => backUp(smallWorld({ seed, tables: 4, rows: 2_500, unrest }));
  const course = await run(1);
  expect(course).toMatchObject({ state: 'succeeded', problems: [] });
  expect(course.ms).toBeGreaterThan(1.5 * 600_000);
  const moves = course.lines.filter((line) => line.startsWith('Leases moved: '));
  expect(moves.length).toBeGreaterThan(1);
  // A line a look at most.
  expect(moves.length).toBeLessThanOrEqual(course.ms / LEASES_MS);
  expect(await run(1)).toEqual(course);
  expect((await run(2)).digest).not.toBe(course.digest);
});

it('a backup some of whose reads hang tells so, begins them again, and equals the source', async () => {
  const run = (seed: number) => backUp(smallWorld({ seed, tables: 4, rows: 1_000, unrest: { hangs: 0.02 } }));
  let hung = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const course = await run(seed);
    expect(course, `seed ${seed}`).toMatchObject({ state: 'succeeded', problems: [] });
    const told = course.lines.filter((line) =>
      /failed on engine, try \d: No row of small\.public\.t\d came from node \d for 5 min\. Trying again\.$/i.test(
        line,
      ),
    );
    expect(course.lines.filter((line) => line.includes('failed'))).toEqual(told);
    if (told.length > 0) expect(course.ms).toBeGreaterThan(READ_STALL_MS);
    else expect(course.ms).toBeLessThan(READ_STALL_MS);
    hung += told.length;
  }
  expect(hung).toBeGreaterThan(3);
});
