import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { HoldfastError, messageOf } from '../../errors.ts';

const run = promisify(execFile);

/** A user of the operating system. */
export interface OsUser {
  name: string;
  uid: number;
  gid: number;
}

const NAME = 'postgres';

/**
 * The user to run PostgreSQL as: null for our own, `postgres` when we are root, since PostgreSQL refuses to run
 * as root. Creates it where it is missing. Throws `cluster-unavailable`.
 */
export async function postgresUser(): Promise<OsUser | null> {
  if (process.getuid?.() !== 0) return null;
  const there = await lookUp();
  if (there !== null) return there;
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', NAME]);
  } catch (cause) {
    // Somebody else may have created it meanwhile.
    const created = await lookUp();
    if (created !== null) return created;
    throw new HoldfastError(
      'cluster-unavailable',
      `PostgreSQL can't run as root, and creating the user ${NAME} for it failed: ${messageOf(cause)}`,
      { hint: `Create a user ${NAME}, or run Holdfast as a user other than root.`, cause },
    );
  }
  const created = await lookUp();
  if (created === null) {
    throw new HoldfastError('cluster-unavailable', `The user ${NAME} was created and is not there`, {
      hint: 'Run Holdfast as a user other than root.',
    });
  }
  return created;
}

async function lookUp(): Promise<OsUser | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])]);
    return { name: NAME, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

/** The topmost directory above `file` that the user can't enter, as its permission bits tell; null if there is none. */
export async function firstClosedDirectory(file: string, user: OsUser): Promise<string | null> {
  const above: string[] = [];
  for (let directory = path.dirname(path.resolve(file)); ; directory = path.dirname(directory)) {
    above.unshift(directory);
    if (directory === path.dirname(directory)) break;
  }
  for (const directory of above) {
    const { mode, uid, gid } = await stat(directory);
    const enter = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & enter) === 0) return directory;
  }
  return null;
}
