import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alwaysQuote } from '../cluster/names.ts';
import { contentsOf } from '../testing/compare.ts';
import { histories } from '../testing/histories.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { type History, history, TableHistory } from '../testing/table-history.ts';
import { TYPES_SQL } from '../testing/values.ts';

/**
 * Random histories of random tables, backed up at random moments upon random bases by statements, and every layer of every
 * chain restored: what is there then is what was there at its moment.
 */
const { numRuns, seed } = histories({ numRuns: 4, seed: 20_261_127 });
/** For one history, and for making a counterexample smaller, which plays many. */
const [HISTORY_MS, SHRINK_MS] = [30_000, 120_000];

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.startEngine();
}, 120_000);

afterAll(() => rig.stop(), 60_000);

/** A backup with those that it builds on, oldest first, and what was there. */
interface Layer {
  urls: string[];
  contents: Record<string, unknown>;
}

let made = 0;
let failedAt: number | null = null;

/** Plays a history, or passes over it where looking for a smaller one than the first that failed has taken long enough. */
async function playInTime(each: History): Promise<void> {
  fc.pre(failedAt === null || performance.now() - failedAt < SHRINK_MS);
  try {
    await play(each);
  } catch (error) {
    failedAt ??= performance.now();
    throw error;
  }
}

async function play({ tables, steps }: History): Promise<void> {
  const number = made++;
  const database = `History é ${number}`;
  await rig.server.exec('postgres', `CREATE DATABASE ${alwaysQuote(database)}`);
  const said: string[] = [];
  const clients: pg.Client[] = [];
  const session = async () => {
    const client = new pg.Client({ connectionString: databaseUrl(database) });
    await client.connect();
    clients.push(client);
    await client.query(`SET lock_timeout = '20s'`);
    return async (sql: string) => {
      said.push(sql);
      await client.query(sql);
    };
  };
  try {
    const [run, runApart] = [await session(), await session()];
    const cluster = await rig.services.clusters.connect('default');
    const past = new TableHistory(tables, { run, runApart });
    await run(`${TYPES_SQL}; CREATE SEQUENCE counter`);
    await past.make();
    await cluster.meet('slot', database);
    const layers: Layer[] = [];
    const backUp = async (base: Layer | undefined) => {
      const url = `nodelocal://self/history-${number}/${layers.length}`;
      const bases = base?.urls ?? [];
      const upon = bases.length === 0 ? '' : ` INCREMENTAL FROM ${listed(bases)}`;
      const backup = `BACKUP DATABASE ${alwaysQuote(database)} TO '${url}'${upon}`;
      said.push(backup);
      await rig.run(backup);
      layers.push({ urls: [...bases, url], contents: await contentsOf(rig.server, database, 'texts') });
    };
    await backUp(undefined);
    for (const step of steps)
      if (step.do === 'follow') {
        await past.close();
        await cluster.meet('tables', database);
      } else if (step.do === 'backup')
        await backUp(step.base === null ? undefined : layers[step.base % layers.length]);
      else await past.play(step);
    await past.close();
    await backUp(layers.at(-1));
    await Promise.all(
      layers.map((layer, index) => checkRestored(database, layer, `restored_${number}_${index}`)),
    );
  } catch (error) {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}\n\nAfter:\n${said.join(';\n')}`,
      {
        cause: error,
      },
    );
  } finally {
    for (const client of clients) await client.end();
    await rig.server.exec('postgres', `DROP DATABASE ${alwaysQuote(database)} WITH (FORCE)`);
  }
}

async function checkRestored(database: string, { urls, contents }: Layer, into: string): Promise<void> {
  await rig.run(`RESTORE DATABASE ${alwaysQuote(database)} FROM ${listed(urls)} WITH into_db = '${into}'`);
  const restored = await contentsOf(rig.server, into, 'texts');
  await rig.server.exec('postgres', `DROP DATABASE ${into} WITH (FORCE)`);
  for (const name of new Set([...Object.keys(contents), ...Object.keys(restored)]))
    expect(restored[name], `${name}, restored from ${urls.join(', ')}`).toEqual(contents[name]);
}

function listed(urls: readonly string[]): string {
  return urls.map((url) => `'${url}'`).join(', ');
}

function databaseUrl(database: string): string {
  return rig.server.url.replace(/\/postgres$/, `/${encodeURIComponent(database)}`);
}

it(
  'every layer of every chain restores what was there at its moment',
  async () => {
    await fc.assert(fc.asyncProperty(history, playInTime), { numRuns, seed });
    expect(made).toBeGreaterThanOrEqual(numRuns);
  },
  numRuns * HISTORY_MS + 2 * SHRINK_MS,
);
