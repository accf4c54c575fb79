import { expect, it } from 'vitest';
import { runSchedule } from './schedule.ts';

it('runs', async () => {
  const bad: string[] = [];
  const started = performance.now();
  const ends: Record<string, number> = {};
  const from = Number(process.env['FROM'] ?? 1);
  for (let seed = from; seed < from + Number(process.env['N'] ?? 20); seed++) {
    const course = await runSchedule(
      seed,
      process.env['TELL'] ? (line) => process.stdout.write(`${line}\n`) : null,
    );
    if (course.problems.length > 0) bad.push(`${seed}: ${course.problems.slice(0, 3).join('; ')}`);
    for (const end of course.ends) ends[end] = (ends[end] ?? 0) + 1;
    if (process.env['ABOUT'])
      process.stdout.write(`${seed} ${course.digest} ${course.ends.join()} ${course.about}\n`);
  }
  process.stdout.write(`${JSON.stringify(ends)} ${performance.now() - started} ms\n`);
  expect(bad).toEqual([]);
}, 6e6);
