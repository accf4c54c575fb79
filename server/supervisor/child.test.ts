import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isAlive } from '../cluster/embedded/postmaster.ts';
import type { HoldfastError } from '../errors.ts';
import { Child } from './child.ts';
import { openLog } from './logs.ts';

describe('a supervised process', () => {
  let directory: string;
  let shown: string[];
  let gaveUp: HoldfastError[];
  let child: Child;

  function make(
    standIn: string,
    limits: ConstructorParameters<typeof Child>[0]['limits'] = {},
    ends: 'given up' | 'never' = 'given up',
  ): Child {
    child = new Child({
      name: 'engine',
      entry: path.join(import.meta.dirname, 'stand-in.fixture.ts'),
      env: { ...process.env, STAND_IN: standIn },
      log: openLog(path.join(directory, 'engine.log'), () => undefined),
      show: (line) => shown.push(line),
      gaveUp: ends === 'never' ? null : (error) => gaveUp.push(error),
      limits,
    });
    return child;
  }

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'holdfast-child-'));
    shown = [];
    gaveUp = [];
  });

  afterEach(async () => {
    await child.stop(true);
    await rm(directory, { recursive: true, force: true });
  });

  test('is ready when it says so, logs, tells people about errors only, and ends when told', async () => {
    await make('').start();
    const pid = child.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    await vi.waitFor(() => expect(shown).toEqual(['engine: error: stand-in is unwell']));
    await child.stop();
    expect(isAlive(pid)).toBe(false);
    expect(await readFile(path.join(directory, 'engine.log'), 'utf8')).toContain('stand-in runs');
  });

  test('says why it does not start', async () => {
    await expect(make('fail').start()).rejects.toThrow('the engine did not start: it is Monday');
  });

  test('is started again when it is killed', async () => {
    await make('', { pause: 10 }).start();
    const first = child.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(shown).toContain('the engine runs again'), 10_000);
    expect(child.pid).not.toBe(first);
    expect(isAlive(child.pid ?? 0)).toBe(true);
    expect(gaveUp).toEqual([]);
  });

  test('is given up when it keeps dying', async () => {
    await make('die', { pause: 1, quickDeaths: 3 }).start();
    await vi.waitFor(() => expect(gaveUp).toHaveLength(1), 10_000);
    expect(gaveUp[0]?.message).toBe('the engine died 3 times in a row, the last time with exit code 3');
  });

  test('is started again and again where nothing is to be given up for it', async () => {
    await make('die', { pause: 1, longestPause: 2, quickDeaths: 2 }, 'never').start();
    await vi.waitFor(
      () => expect(shown.filter((line) => line.includes('it is started again')).length).toBeGreaterThan(4),
      20_000,
    );
  });

  test('is killed when it does not listen', async () => {
    await make('deaf', { stop: 200 }).start();
    const pid = child.pid ?? 0;
    await child.stop();
    expect(isAlive(pid)).toBe(false);
  });
});
