import { expect, it } from 'vitest';
import { MANIFEST_NAME } from '../../format/manifest.ts';
import { tablesIn } from '../../cluster/simulated/contents.ts';
import { type Course, runSchedule } from './schedule.ts';
import { Verdict } from './verdict.ts';

/** The schedule of this seed alone is run, and all that happens in it is printed. */
const SEED = process.env['HOLDFAST_TEST_SEED'];
/** So many schedules are run, of seeds that were not run before. */
const SCHEDULES = process.env['HOLDFAST_TEST_SCHEDULES'];

/** Without either, so many at least, and as many as there is time for. */
const LEAST = 1_000;
const TIME_MS = 45_000;

const FULL = 'nodelocal://self/full';

/** What to say of a schedule that went wrong; null where all went as it must. */
function complaint({ seed, problems }: Course): string | null {
  if (problems.length === 0) return null;
  const replay = `HOLDFAST_TEST_SEED=${seed} node_modules/.bin/vitest run server/jobs/simulation`;
  return `seed ${seed}: ${problems.join('\n  ')}\n  To see all that happened: ${replay}`;
}

async function replay(seed: number): Promise<void> {
  const course = await runSchedule(seed, (line) => process.stdout.write(`${line}\n`));
  expect(complaint(course)).toBeNull();
}

/** The first schedule whose full backup succeeds. */
async function oneThatSucceeds(): Promise<Course> {
  for (let seed = 1; ; seed++) {
    const course = await runSchedule(seed);
    if (course.ends[0]?.state === 'succeeded') return course;
  }
}

if (SEED !== undefined) it(`ends right by the schedule of seed ${SEED}`, () => replay(Number(SEED)), 600_000);
else {
  it('has the same course of events for the same seed, and others for others', async () => {
    const digests = new Set<string>();
    for (let seed = 1; seed <= 25; seed++) {
      const { digest } = await runSchedule(seed);
      expect((await runSchedule(seed)).digest, `seed ${seed}`).toBe(digest);
      digests.add(digest);
    }
    expect(digests.size).toBe(25);
  }, 120_000);

  it('ends in a backup that is equal to the model, or in none, by every schedule', async () => {
    const started = performance.now();
    const first = SCHEDULES === undefined ? 1 : 1 + Math.floor(Math.random() * 2 ** 30);
    const least = SCHEDULES === undefined ? LEAST : Number(SCHEDULES);
    const time = SCHEDULES === undefined ? TIME_MS : 0;
    const states = new Set<string>();
    let again = 0;
    for (let run = 0; run < least || performance.now() - started < time; run++) {
      const course = await runSchedule(first + run);
      expect(complaint(course)).toBeNull();
      for (const { state, attempts } of course.ends) {
        states.add(state);
        if (attempts > 1) again += 1;
      }
    }
    // Else the schedules would not show much.
    expect([...states].sort()).toEqual(['canceled', 'failed', 'succeeded']);
    expect(again).toBeGreaterThan(0);
  }, 86_400_000);

  it('is judged by what the files have', async () => {
    const { site } = await oneThatSucceeds();
    const files = site.storage.at(FULL);
    const judge = async (damage: (copy: Map<string, Buffer>) => void): Promise<string[]> => {
      const copy = new Map(files);
      damage(copy);
      const verdict = new Verdict(site.world, copy);
      await verdict.judge(FULL, tablesIn(site.world), null, () => false);
      return verdict.problems;
    };
    const [data = ''] = [...files.keys()].filter((name) => name !== MANIFEST_NAME);
    expect(await judge(() => undefined)).toEqual([]);
    expect(await judge((copy) => copy.set('stray', Buffer.from('')))).toEqual([
      'stray is there, and not in the manifest',
    ]);
    expect(await judge((copy) => copy.delete(data))).toContain(`${data} is in the manifest, and not there`);
    expect((await judge((copy) => copy.delete(MANIFEST_NAME))).join()).toContain('no manifest');
    site.world.seed += 1;
    expect((await judge(() => undefined)).join()).toMatch(/are not there as they were/);
  }, 60_000);
}
