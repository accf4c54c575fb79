import path from 'node:path';
import { embeddedPortInUse } from '../cluster/embedded/server.ts';
import { readPassword, SUPERUSER } from '../cluster/embedded/initialise.ts';
import type { Config } from '../config.ts';
import { HoldfastError } from '../errors.ts';
import { Child } from './child.ts';
import { prepareDataDir } from './data-dir.ts';
import { openLog, rotatedLog } from './logs.ts';
import { METADATA_DATABASE } from './metadata.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { childEnvironment, type SuperviseOptions } from './supervise.ts';

/**
 * One more engine: on HOLDFAST_METADATA_URL, or on the embedded PostgreSQL of a Holdfast that runs on this data
 * directory. Throws with nothing left running.
 */
export async function startEngine(
  options: Pick<SuperviseOptions, 'config' | 'entries' | 'say' | 'broken'>,
): Promise<Child> {
  const { config, entries, say, broken } = options;
  await prepareDataDir(config.dataDir);
  const store = config.metadataUrl ?? (await embeddedStore(config));
  const file = await rotatedLog(config.dataDir, `engine-${process.pid}`);
  const log = openLog(file, (error) => say('warning', `${file} can't be written: ${error.message}`));
  const child = new Child({
    name: 'engine',
    entry: entries.engine,
    flags: NODE_FLAGS.engine,
    env: childEnvironment(config, store),
    log,
    show: (line) => say('warning', line),
    gaveUp: broken,
  });
  await child.start();
  say('progress', `engine ready, log ${path.relative(process.cwd(), file)}`);
  return child;
}

async function embeddedStore(config: Config): Promise<string> {
  const port = await embeddedPortInUse(config.dataDir);
  if (port === null) {
    throw new HoldfastError(
      'cluster-unavailable',
      `HOLDFAST_METADATA_URL: not set, and no Holdfast runs on ${config.dataDir}`,
      {
        hint: 'Set HOLDFAST_METADATA_URL to the metadata store that the consoles use, or run npm start first.',
      },
    );
  }
  const password = encodeURIComponent(await readPassword(config.dataDir));
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${METADATA_DATABASE}`;
}
