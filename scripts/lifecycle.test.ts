import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../server/cluster/embedded/free-port.ts';
import { embeddedPaths } from '../server/cluster/embedded/initialise.ts';
import { isAlive, runningPostmaster } from '../server/cluster/embedded/postmaster.ts';
import { processesOf, startHoldfast, withoutHoldfast, type Started } from './holdfast.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'holdfast-lifecycle-'));
  // Closed to PostgreSQL's user, root's data would be elsewhere.
  await chmod(directory, 0o711);
});

afterEach(async () => {
  for (const pid of await processesOf(directory)) process.kill(pid, 'SIGKILL');
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** Runs the supervisor until it ends by itself. */
async function ends(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; stderr: string; stdout: string }> {
  const child = spawn(process.execPath, ['server/supervisor.ts', ...args], {
    cwd: ROOT,
    env: { ...withoutHoldfast(process.env), HOLDFAST_DATA_DIR: path.join(directory, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

describe('a start that can’t be', () => {
  test.each(['HOLDFAST_PORT', 'HOLDFAST_SQL_PORT', 'HOLDFAST_EMBEDDED_PORT'])(
    'says in one line that %s is in use, and leaves nothing',
    async (variable) => {
      const env = {
        HOLDFAST_PORT: String(await freePort()),
        HOLDFAST_SQL_PORT: String(await freePort()),
        HOLDFAST_EMBEDDED_PORT: String(await freePort()),
      };
      const port = Number(env[variable as keyof typeof env]);
      const other = createServer().listen(port, '127.0.0.1');
      await once(other, 'listening');
      const ended = await ends(env);
      other.close();
      expect(ended).toEqual({
        code: 1,
        stdout: '',
        stderr:
          `holdfast: ${variable}: port ${port} on 127.0.0.1 is in use. ` +
          `Set ${variable} to a free port, or stop what listens there.\n`,
      });
      expect(await readdir(path.join(directory, 'data'))).toEqual(['logs']);
      expect(await processesOf(directory)).toEqual([]);
    },
  );

  test.each([
    [{ HOLDFAST_PORT: 'abc' }, 'holdfast: HOLDFAST_PORT: "abc" is not a port (1 to 65535). '],
    [{ HOLDFAST_HOST: '192.0.2.1' }, "holdfast: HOLDFAST_HOST: can't listen on 192.0.2.1 "],
  ])('names what is wrong with %o', async (env, message) => {
    const { code, stderr } = await ends(env);
    expect(code).toBe(1);
    expect(stderr.startsWith(message)).toBe(true);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('names a data directory that can’t be written, and one of a newer version', async () => {
    const file = path.join(directory, 'file');
    await writeFile(file, '');
    const below = await ends({ HOLDFAST_DATA_DIR: path.join(file, 'data') });
    expect(below.code).toBe(1);
    expect(below.stderr).toMatch(
      /^holdfast: HOLDFAST_DATA_DIR: .* can't be written: a part of the path is a file\. .*\n$/,
    );

    await writeFile(path.join(directory, 'version.json'), '{"dataVersion":99}');
    const newer = await ends({ HOLDFAST_DATA_DIR: directory });
    expect(newer.code).toBe(1);
    expect(newer.stderr).toMatch(/^holdfast: HOLDFAST_DATA_DIR: .* newer Holdfast \(data version 99; .*\n$/);
    expect((await readdir(directory)).sort()).toEqual(['file', 'version.json']);
  });

  test('of one more engine says what it needs', async () => {
    const { code, stderr } = await ends({}, 'engine');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^holdfast: HOLDFAST_METADATA_URL: not set, and no Holdfast runs on .*\n$/);
  });
});

describe('a whole Holdfast', { timeout: 180_000 }, () => {
  const start = (): Promise<Started> => startHoldfast({ dataDir: path.join(directory, 'data') });

  test('starts, starts again quickly, and survives being killed', async () => {
    const first = await start();
    expect((await fetch(`${first.about.url}/healthz`)).status).toBe(200);
    expect(first.output()).toContain('Holdfast is ready');
    expect(first.output()).not.toContain(first.about.rootPassword);
    // One more engine finds the metadata store of the Holdfast that runs here.
    const engine = spawn(process.execPath, ['server/supervisor.ts', 'engine'], {
      cwd: ROOT,
      env: { ...withoutHoldfast(process.env), HOLDFAST_DATA_DIR: first.about.dataDir },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(engine.stdout, 'data')) as [Buffer];
    expect(said.toString()).toContain('engine ready');
    const engineEnded = once(engine, 'exit');
    engine.kill('SIGINT');
    expect(await engineEnded).toEqual([0, null]);
    // Fails when a process is left or the exit code isn't 0.
    await first.stop();

    // The machine may be busy with other tests: one quick start of three shows that it can be.
    let second = await timed(start);
    for (let tries = 1; tries < 3 && second.ms >= 5_000; tries++) {
      await second.started.stop();
      second = await timed(start);
    }
    expect(second.ms).toBeLessThan(5_000);
    const { started } = second;

    const ended = once(started.process, 'exit');
    started.process.kill('SIGKILL');
    await ended;
    const { pgdata } = embeddedPaths(started.about.dataDir);
    const left = await runningPostmaster(pgdata);
    // Engine and console notice; PostgreSQL stays and belongs to whoever starts next.
    await vi.waitFor(async () => expect(await holdfastsOf(started.about.dataDir)).toEqual([]), 30_000);
    expect(isAlive(left?.pid ?? 0)).toBe(true);
    const third = await startHoldfast({
      dataDir: started.about.dataDir,
      env: { HOLDFAST_EMBEDDED_PORT: String(started.about.embeddedPort) },
    });
    expect((await runningPostmaster(pgdata))?.pid).toBe(left?.pid);
    await third.stop();
    expect(existsSync(path.join(third.about.dataDir, 'supervisor.lock'))).toBe(false);
  });
});

async function timed(start: () => Promise<Started>): Promise<{ started: Started; ms: number }> {
  const began = performance.now();
  return { started: await start(), ms: performance.now() - began };
}

/** Our own processes on this data directory: not PostgreSQL's. */
async function holdfastsOf(dataDir: string): Promise<number[]> {
  const pids = await processesOf(dataDir);
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_pid, index) => commands[index]?.includes('server/'));
}
