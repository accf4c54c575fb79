import { execFile } from 'node:child_process';
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { HoldfastError } from '../errors.ts';

const holderSchema = z.object({
  pid: z.number().int().positive(),
  /** Tells this process from another that gets its number later. */
  birth: z.string(),
  /** Its console, for people. */
  url: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the data directory for this process alone; a lock whose holder is gone counts for nothing. `url` is what
 * the next one is told. Throws `not-allowed` when a running Holdfast has it.
 */
export async function lockDataDir(dataDir: string, url: string): Promise<Lock> {
  const file = path.join(dataDir, 'supervisor.lock');
  const draft = `${file}.${process.pid}`;
  const mine = JSON.stringify({ pid: process.pid, birth: await birthOf(process.pid), url } satisfies Holder);
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (;;) {
      if (await linked(draft, file)) return { release: () => release(file, mine) };
      const text = await readFile(file, 'utf8').catch(() => null);
      if (text === null) continue;
      const holder = readHolder(text);
      if (holder !== null && (await birthOf(holder.pid)) === holder.birth) throw taken(dataDir, holder);
      await putAside(file, text);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

function taken(dataDir: string, holder: Holder): HoldfastError {
  return new HoldfastError(
    'not-allowed',
    `HOLDFAST_DATA_DIR: another Holdfast (process ${holder.pid}, ${holder.url}) uses ${dataDir}`,
    { hint: 'Stop it, or set HOLDFAST_DATA_DIR and the three ports for a second one.' },
  );
}

/** Hard links are made or not made, in one step, by whoever is first. */
async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead lock, unless somebody has replaced it by a live one since it was read. */
async function putAside(file: string, dead: string): Promise<void> {
  const aside = `${file}.dead-${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== dead) await linked(aside, file);
  await rm(aside, { force: true });
}

async function release(file: string, mine: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => null)) === mine) await unlink(file);
}

function readHolder(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** When the process was started, in the system's own words; '' when there is none with this number. */
async function birthOf(pid: number): Promise<string> {
  try {
    if (process.platform !== 'linux') {
      return (await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)])).stdout.trim();
    }
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc_pid_stat(5): `pid (command) state …`, the start in clock ticks since boot is field 22.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : `${boot.trim()} ${fields[19]}`;
  } catch {
    return '';
  }
}
