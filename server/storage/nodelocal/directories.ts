import { lstat, mkdir, open, realpath, rmdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errnoOf, fromSystemError } from './errors.ts';
import { StoreError, type StoreErrorCode } from '../store.ts';

/** Backups hold rows and password hashes: nobody but the owner and the group reads them. */
const DIRECTORY_MODE = 0o750;

/**
 * The directories of one nodelocal location: finds them, makes them, removes them when they are empty again, and
 * never leaves the extern directory. Symbolic links are followed as long as they stay inside it.
 *
 * The checks resolve each part and then use the resolved path, so a link is seen where it stands. They can't hold
 * against somebody who swaps directories of the extern directory for links at the very moment of the call; who
 * may write there can damage backups anyway.
 */
export class Directories {
  readonly #externDir: string;
  readonly #location: readonly string[];
  /** Directories at or above the location that this object made: those may go again once they are empty. */
  readonly #made = new Set<string>();

  constructor(externDir: string, location: readonly string[]) {
    this.#externDir = externDir;
    this.#location = location;
  }

  /**
   * The real path of a directory below the location; null where it isn't there, or a file stands in its place.
   * Throws StoreError: `denied` when a link leads out of the extern directory, `failed` when the location is a file.
   */
  async find(below: readonly string[], file: string | null): Promise<string | null> {
    const root = await this.#root(false);
    if (root === null) return null;
    let directory = root;
    for (const [depth, part] of [...this.#location, ...below].entries()) {
      const ofLocation = depth < this.#location.length;
      const step = await this.#step(root, directory, part, ofLocation ? null : file);
      if (step.kind === 'blocked' && ofLocation) throw blocked(part, null);
      if (step.kind !== 'directory') return null;
      directory = step.path;
    }
    return directory;
  }

  /** The real path of a directory below the location, made where it isn't there. Throws StoreError. */
  async make(below: readonly string[], file: string): Promise<string> {
    const root = await this.#root(true);
    if (root === null) throw gone(file);
    let directory = root;
    for (const [depth, part] of [...this.#location, ...below].entries()) {
      const about = depth < this.#location.length ? null : file;
      let step = await this.#step(root, directory, part, about);
      if (step.kind === 'missing') {
        const path = join(directory, part);
        if (await makeOne(path, file)) {
          await syncDirectory(directory);
          if (about === null) this.#made.add(path);
        }
        step = await this.#step(root, directory, part, about);
      }
      if (step.kind === 'blocked') throw blocked(part, about);
      if (step.kind === 'missing') throw gone(file);
      directory = step.path;
    }
    return directory;
  }

  /**
   * Removes directories that have become empty, from `below` upwards: all of those below the location, and the
   * location and what is above it only where this object made them. Tidying up: what can't be removed stays.
   */
  async prune(below: readonly string[]): Promise<void> {
    const root = await this.#root(false).catch(() => null);
    if (root === null) return;
    const parts = [...this.#location, ...below];
    for (let depth = parts.length; depth > 0; depth--) {
      const directory = join(root, ...parts.slice(0, depth));
      if (depth <= this.#location.length && !this.#made.has(directory)) return;
      try {
        await rmdir(directory);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') return;
      }
      this.#made.delete(directory);
    }
  }

  /** The extern directory itself may be a link, or below one: that is the operator's business. */
  async #root(create: boolean): Promise<string | null> {
    try {
      if (create) await mkdir(this.#externDir, { recursive: true, mode: DIRECTORY_MODE });
      return await realpath(this.#externDir);
    } catch (error) {
      if (!create && errnoOf(error) === 'ENOENT') return null;
      const cause = fromSystemError(error, null);
      throw new StoreError(cause.code, `the extern directory: ${cause.message}`, null, {
        cause: error,
      });
    }
  }

  /** One part further down, seen with its own eyes: links are resolved here, by hand. */
  async #step(root: string, directory: string, part: string, file: string | null): Promise<Step> {
    const path = join(directory, part);
    try {
      const stats = await lstat(path);
      if (stats.isDirectory()) return { kind: 'directory', path };
      if (!stats.isSymbolicLink()) return { kind: 'blocked' };
      const target = await realpath(path);
      if (target !== root && !target.startsWith(root + sep)) throw leadsOut(part, file);
      return (await lstat(target)).isDirectory() ? { kind: 'directory', path: target } : { kind: 'blocked' };
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw fromSystemError(error, file);
      if (await isDanglingLink(path)) throw leadsOut(part, file);
      return { kind: 'missing' };
    }
  }
}

type Step = { kind: 'directory'; path: string } | { kind: 'missing' } | { kind: 'blocked' };

function leadsOut(part: string, file: string | null): StoreError {
  return refuse(
    'denied',
    `"${part}" in its path is a symbolic link that leads out of the extern directory`,
    file,
  );
}

function blocked(part: string, file: string | null): StoreError {
  return refuse('failed', `"${part}" in its path is a file, not a directory`, file);
}

/** Somebody else is tidying up: worth another try. */
function gone(file: string): StoreError {
  return refuse('transient', 'its directory was removed in the same moment', file);
}

function refuse(code: StoreErrorCode, problem: string, file: string | null): StoreError {
  return new StoreError(code, file === null ? problem : `${file}: ${problem}`, file);
}

/** A link to nothing counts as leading out: nothing may ever be made through it. */
async function isDanglingLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}

/** Answers whether this call made it; another writer may have been first. */
async function makeOne(path: string, file: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: DIRECTORY_MODE });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw errnoOf(error) === 'ENOENT' ? gone(file) : fromSystemError(error, file);
  }
}

/**
 * Makes new and removed names in a directory survive a power cut. Some file systems (SMB, FUSE) can't do it; and
 * a directory that is gone has no names to keep.
 */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    await using handle = await open(directory, 'r');
    await handle.sync();
  } catch (error) {
    if (!UNSYNCABLE.has(errnoOf(error) ?? '')) throw error;
  }
}

const UNSYNCABLE = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EBADF', 'ENOENT']);
