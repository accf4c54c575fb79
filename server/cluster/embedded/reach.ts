import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../errors.ts';
import type { Binaries } from './binaries.ts';
import { firstClosedDirectory, type OsUser } from './os-user.ts';

/**
 * PostgreSQL refuses to run as root, and the user that it runs as instead can't enter a clone or a data directory
 * below, say, /root. What it needs is then kept here, where only root writes.
 */
const SHARED = '/var/lib/holdfast';

/**
 * The directory in which `embedded` is or is to be made: the data directory, or one that PostgreSQL's user can
 * enter, for which the caller makes a link in the data directory. Throws `cluster-unavailable`.
 */
export async function reachablePlace(
  dataDir: string,
  user: OsUser | null,
  log: (message: string) => void,
): Promise<string> {
  if (user === null) return dataDir;
  const home = path.join(dataDir, 'embedded');
  // What is above the data directory is not ours to open.
  await chmod(dataDir, ((await stat(dataDir)).mode & 0o777) | 0o001);
  if ((await lstat(home).catch(() => null)) !== null) {
    const real = await realpath(home).catch(() => null);
    if (real !== null) {
      const closed = await firstClosedDirectory(path.join(real, 'pgdata'), user);
      if (closed !== null) throw unreachable(user, closed);
      return path.dirname(real);
    }
    log(`the embedded PostgreSQL's files, which ${home} points to, are gone`);
    await unlink(home);
  }
  if ((await firstClosedDirectory(home, user)) === null) return dataDir;
  await openDirectory(SHARED);
  const place = await mkdtemp(path.join(SHARED, 'data-'));
  await chmod(place, 0o711);
  log(`the user ${user.name} can't enter ${dataDir}: PostgreSQL's files are kept in ${place}`);
  return place;
}

/** The programs, or a copy of them that PostgreSQL's user can reach. */
export async function reachableBinaries(
  binaries: Binaries,
  version: string,
  user: OsUser | null,
): Promise<Binaries> {
  if (user === null || (await firstClosedDirectory(binaries.postgres, user)) === null) return binaries;
  // The package's `native` directory: bin/, lib/ and share/ find one another by their relative paths.
  const native = path.dirname(path.dirname(binaries.postgres));
  const copy = path.join(SHARED, `postgresql-${version}-${process.arch}`);
  if ((await stat(copy).catch(() => null)) === null) {
    await openDirectory(SHARED);
    const draft = await mkdtemp(`${copy}.copying-`);
    try {
      await cp(native, draft, { recursive: true, verbatimSymlinks: true });
      await letRead(draft);
      await rename(draft, copy);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // Another Holdfast may have been faster.
      if ((await stat(copy).catch(() => null)) === null) throw error;
    }
  }
  const moved = (file: string) => path.join(copy, path.relative(native, file));
  return { initdb: moved(binaries.initdb), postgres: moved(binaries.postgres) };
}

function unreachable(user: OsUser, closed: string): HoldfastError {
  return new HoldfastError(
    'cluster-unavailable',
    `HOLDFAST_DATA_DIR: PostgreSQL runs as the user ${user.name}, who can't enter ${closed}`,
    { hint: `Run chmod o+x ${closed}, or set HOLDFAST_DATA_DIR to another directory.` },
  );
}

/** Makes a directory that everybody may enter, whatever our umask. */
async function openDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
}

async function letRead(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) await letRead(file);
    else if (entry.isFile()) await chmod(file, ((await stat(file)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
