import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf } from '../testing/compare.ts';
import { histories } from '../testing/histories.ts';
import {
  changeSql,
  MERGED_SQL,
  MERGED_TABLES,
  type MergeChange,
  mergeHistory,
} from '../testing/merge-history.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

/**
 * Random histories of tables with keys of all kinds, backed up as long chains, and restored as of several of their layers: merged,
 * layer by layer, and in part so and in part so. What is there then is what was there at the layer's moment.
 */
const { numRuns, seed } = histories({ numRuns: 2, seed: 20_261_127 });
const HISTORY_MS = 180_000;

const LAYERS = 12;
/** Those that are restored. */
const RESTORED = [2, 7, LAYERS];

/** Bytes for keys: enough for all, for none, and for some layers of some tables. */
const WAYS = { merged: undefined, 'layer by layer': 0, mixed: 1500 };
type Way = keyof typeof WAYS;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
}, 120_000);

afterAll(() => rig.stop(), 60_000);

/** What is there at the moment of each backup of a chain. */
interface Chain {
  urls: string[];
  contents: Record<string, unknown>[];
}

let made = 0;
/** What jobs' logs said of how tables were restored. */
const said: Record<Way, Set<string>> = { merged: new Set(), 'layer by layer': new Set(), mixed: new Set() };

async function backUp(database: string, history: MergeChange[][]): Promise<Chain> {
  await rig.server.exec('postgres', `CREATE DATABASE ${database}`);
  const client = new pg.Client({ connectionString: rig.server.url.replace(/\/postgres$/, `/${database}`) });
  await client.connect();
  const chain: Chain = { urls: [], contents: [] };
  const stop = await rig.startEngine();
  try {
    for (const sql of MERGED_SQL) await client.query(sql);
    const filled = MERGED_TABLES.slice(0, -1).map((_, table) => ({
      ...{ table, do: 'insert' as const, from: 0, count: 30 },
    }));
    for (const each of filled) await client.query(changeSql(each, 0));
    const cluster = await rig.services.clusters.connect('default');
    await cluster.meet('slot', database);
    for (const [layer, changes] of [[], ...history].entries()) {
      for (const [place, each] of changes.entries()) await client.query(changeSql(each, layer * 10 + place));
      const url = `nodelocal://self/${database}-${layer}`;
      const upon = chain.urls.length === 0 ? '' : ` INCREMENTAL FROM ${listed(chain.urls)}`;
      await rig.run(`BACKUP DATABASE ${database} TO '${url}'${upon}`);
      chain.urls.push(url);
      chain.contents.push(await contentsOf(rig.server, database, 'texts'));
    }
  } finally {
    await client.end();
    await stop();
  }
  await rig.server.exec('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
  return chain;
}

function listed(urls: readonly string[]): string {
  return urls.map((url) => `'${url}'`).join(', ');
}

async function play(history: MergeChange[][]): Promise<void> {
  const database = `merged_${made++}`;
  const chain = await backUp(database, history);
  for (const way of Object.keys(WAYS) as Way[]) {
    const stop = await rig.startEngine({ mergeBytes: WAYS[way] });
    for (const layer of RESTORED) {
      const copy = `${database}_copy`;
      const answer = await rig.run(
        `RESTORE DATABASE ${database} FROM ${listed(chain.urls.slice(0, layer + 1))} WITH into_db = '${copy}'`,
      );
      for (const event of await rig.events(String(answer.rows[0]?.[0])))
        if (event.type === 'log') said[way].add(event.message);
      const restored = await contentsOf(rig.server, copy, 'texts');
      await rig.server.exec('postgres', `DROP DATABASE ${copy} WITH (FORCE)`);
      expect(restored, `${database}, ${way}, layer ${layer}`).toEqual(chain.contents[layer]);
    }
    await stop();
  }
}

describe('a chain', () => {
  it(
    'comes to the same in every way of restoring it',
    async () => {
      await fc.assert(fc.asyncProperty(mergeHistory(LAYERS), play), { numRuns, seed, endOnFailure: true });
      const lines = (way: Way) => [...said[way]].join('\n');
      expect(lines('merged')).toMatch(/public\.texts.*: changes are merged with the rows/);
      expect(lines('merged')).toMatch(/amounts.*: .* since its key's column k is of type numeric/);
      expect(lines('merged')).toMatch(/cases.*: .* type text, and may have a collation/);
      expect(lines('merged')).not.toMatch(/room for/);
      expect(lines('layer by layer')).not.toMatch(/are merged/);
      expect(lines('mixed')).toMatch(/changes of the newest \d+ of \d+ backups .* are merged/);
    },
    numRuns * HISTORY_MS,
  );
});
