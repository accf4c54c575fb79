import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../server/cluster/embedded/free-port.ts';
import { COMPILE_CACHE } from './setup.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const START_MS = 120_000;
const STOP_MS = 60_000;

/** A complete Holdfast for tests and tools: its own processes, ports and data directory. */
export interface TestHoldfast {
  /** Of the console, without a slash at the end. */
  url: string;
  /** PostgreSQL wire endpoint, on 127.0.0.1. */
  sqlPort: number;
  rootPassword: string;
  /** The embedded PostgreSQL's database `bank`, as superuser. */
  embeddedUrl: string;
  embeddedPort: number;
  dataDir: string;
  externDir: string;
}

export interface Started {
  about: TestHoldfast;
  process: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** Stops it as Ctrl-C does, removes its files and fails if a process or an exit code is left to complain about. */
  stop(): Promise<void>;
}

export interface StartOptions {
  rootPassword?: string;
  /** Kept when given, removed in the end otherwise. */
  dataDir?: string;
  env?: Record<string, string>;
}

/** Starts one and waits until it is ready. */
export async function startHoldfast(options: StartOptions = {}): Promise<Started> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'holdfast-test-')));
  const rootPassword = options.rootPassword ?? 'correct horse battery staple';
  const [port, sqlPort, embeddedPort] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(process.execPath, [path.join(ROOT, 'server', 'supervisor.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...COMPILE_CACHE,
      ...withoutHoldfast(process.env),
      HOLDFAST_DATA_DIR: dataDir,
      HOLDFAST_PORT: String(port),
      HOLDFAST_SQL_PORT: String(sqlPort),
      HOLDFAST_EMBEDDED_PORT: String(embeddedPort),
      HOLDFAST_ROOT_PASSWORD: rootPassword,
      ...options.env,
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true));
    void exited.then(() => resolve(false));
    setTimeout(() => resolve(false), START_MS).unref();
  });

  async function stop(): Promise<void> {
    child.kill('SIGTERM');
    const code = await Promise.race([exited, sleep(STOP_MS, 'late' as const, { ref: false })]);
    const left = await processesOf(dataDir);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    if (code !== 0 || left.length > 0) {
      throw new Error(`Holdfast ended with ${code} and left ${left.length} processes:\n${printed}`);
    }
  }

  if (!(await ready)) {
    await stop().catch(() => undefined);
    throw new Error(`Holdfast did not start:\n${printed}`);
  }
  return {
    about: {
      url: `http://127.0.0.1:${port}`,
      sqlPort,
      rootPassword,
      embeddedUrl: `postgresql://root:${encodeURIComponent(rootPassword)}@127.0.0.1:${embeddedPort}/bank`,
      embeddedPort,
      dataDir,
      externDir: path.join(dataDir, 'extern'),
    },
    process: child,
    output: () => printed,
    stop,
  };
}

/** Process ids of everything that works on this data directory, by command line, environment or working directory. */
export async function processesOf(dataDir: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc').catch(() => [])) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const about = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    if (about.some((text) => text.includes(dataDir))) found.push(pid);
  }
  return found;
}

/** Tests don't depend on how the person who runs them has set up their own Holdfast. */
export function withoutHoldfast(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('HOLDFAST_') || name === 'HOLDFAST_CHROMIUM'),
  ) as NodeJS.ProcessEnv;
}
