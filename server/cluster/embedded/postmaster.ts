import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A PostgreSQL server process, as its own `postmaster.pid` describes it. */
export interface Postmaster {
  pid: number;
  port: number;
  /** It said `ready`: it takes connections. */
  ready: boolean;
}

/**
 * What `postmaster.pid` in the data directory says, whether or not that process still runs; null without one.
 * Its lines: pid, data directory, start time, port, socket directory, address, shared memory, status
 * (https://www.postgresql.org/docs/current/storage-file-layout.html).
 */
export async function readPostmaster(pgdata: string): Promise<Postmaster | null> {
  const text = await readFile(path.join(pgdata, 'postmaster.pid'), 'utf8').catch(() => null);
  if (text === null) return null;
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 1) return null;
  return { pid, port: Number.isInteger(port) ? port : 0, ready: lines[7] === 'ready' };
}

/** Whose the process is that `postmaster.pid` names: a process id that was in use before a reboot may be anybody's. */
type Owner = 'this-server' | 'other-postgres' | 'not-postgres' | 'nobody';

async function ownerOf(pid: number, pgdata: string): Promise<Owner> {
  if (!isAlive(pid)) return 'nobody';
  const command = await commandLine(pid);
  if (!/(^|\/)postgres\b/.test(command)) return 'not-postgres';
  // We start it with an absolute -D, and PostgreSQL's main process keeps its command line.
  return command.includes(pgdata) ? 'this-server' : 'other-postgres';
}

async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform !== 'linux') {
      return (await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)])).stdout;
    }
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** The server that really runs on this data directory; null when its `postmaster.pid` is stale or not there. */
export async function runningPostmaster(pgdata: string): Promise<Postmaster | null> {
  const postmaster = await readPostmaster(pgdata);
  if (postmaster === null) return null;
  return (await ownerOf(postmaster.pid, pgdata)) === 'this-server' ? postmaster : null;
}

/**
 * Removes a `postmaster.pid` whose number has gone to a process that isn't PostgreSQL; answers that number. Every
 * other leftover is left to PostgreSQL, which knows better whether the data directory is really free.
 */
export async function removeStalePidFile(pgdata: string): Promise<number | null> {
  const stale = await readPostmaster(pgdata);
  if (stale === null || (await ownerOf(stale.pid, pgdata)) !== 'not-postgres') return null;
  await rm(path.join(pgdata, 'postmaster.pid'), { force: true });
  return stale.pid;
}

/** Whether the process runs. One that has ended and waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // `pid (command) state …`; the command may hold anything, the last parenthesis is its end.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.charAt(text.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}

/** Waits until the process is gone; answers false when it is still there after `ms` milliseconds. */
export async function waitGone(pid: number, ms: number): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (isAlive(pid)) {
    if (Date.now() >= deadline) return false;
    await sleep(25);
  }
  return true;
}

/**
 * Stops a server: fast (open transactions are rolled back), then immediate (recovered from WAL at the next
 * start), then by force. Takes 25 s at the very most.
 */
export async function stopPostmaster(pid: number, patienceMs = 15_000): Promise<void> {
  for (const [signal, ms] of [
    ['SIGINT', patienceMs],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isAlive(pid)) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    if (await waitGone(pid, ms)) return;
  }
}
