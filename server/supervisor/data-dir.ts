import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { HoldfastError, messageOf } from '../errors.ts';

/** The layout of the data directory that this Holdfast writes. Raised when an older one could not read it. */
export const DATA_VERSION = 1;

const versionSchema = z.object({ dataVersion: z.number().int().positive() });

/**
 * Makes sure that the data directory is there, can be written and isn't of a newer Holdfast; changes nothing in
 * one that it refuses. Throws `not-allowed`, `unsupported`.
 */
export async function prepareDataDir(dataDir: string): Promise<void> {
  const probe = path.join(dataDir, `.write-test-${process.pid}`);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o711 });
    await refuseNewer(dataDir);
    await writeFile(probe, '');
    await mkdir(path.join(dataDir, 'logs'), { recursive: true, mode: 0o750 });
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError('not-allowed', `HOLDFAST_DATA_DIR: ${dataDir} can't be written: ${why(cause)}`, {
      hint: 'Set HOLDFAST_DATA_DIR to a directory that this user may write.',
      cause,
    });
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** Writes down whose layout this is. Call it once the data directory is locked. */
export async function markDataDir(dataDir: string): Promise<void> {
  const text = `${JSON.stringify({ dataVersion: DATA_VERSION })}\n`;
  await writeFile(path.join(dataDir, 'version.json'), text);
}

async function refuseNewer(dataDir: string): Promise<void> {
  const file = path.join(dataDir, 'version.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const hint = 'Start that version, or set HOLDFAST_DATA_DIR to another directory.';
  const version = readVersion(text);
  if (version === null) {
    throw new HoldfastError('unsupported', `HOLDFAST_DATA_DIR: ${file} is not one of Holdfast's`, { hint });
  }
  if (version > DATA_VERSION) {
    const message = `${dataDir} is of a newer Holdfast (data version ${version}; this one knows ${DATA_VERSION})`;
    throw new HoldfastError('unsupported', `HOLDFAST_DATA_DIR: ${message}`, { hint });
  }
}

function readVersion(text: string): number | null {
  try {
    return versionSchema.parse(JSON.parse(text)).dataVersion;
  } catch {
    return null;
  }
}

const REASONS: Partial<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
};

function why(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return (code === undefined ? undefined : REASONS[code]) ?? messageOf(error);
}
