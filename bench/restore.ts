import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { findInstalled } from '../server/cluster/postgres/find-installed.ts';
import type { TestServer } from '../server/cluster/postgres/test-server.ts';
import { startRig } from '../server/testing/rig.ts';
import type { Rig } from '../server/testing/rig.ts';
import { median, round, timed } from './measure.ts';
import type { Result } from './run.ts';

const ROWS = Number(process.env['HOLDFAST_BENCH_ROWS'] ?? 500_000);
const LAYERS = Number(process.env['HOLDFAST_BENCH_LAYERS'] ?? 30);
/** Of all rows, in each layer. */
const CHANGED = 0.01;
const RUNS = 3;
const JOBS = 2;

const run = promisify(execFile);
const at = (name: string | number) => `nodelocal://self/bench-${name}`;
const listed = (count: number) => Array.from({ length: count }, (_, layer) => `'${at(layer)}'`).join(', ');

/** Rows of two tables: two indexes beside the keys, and a foreign key. */
const SCHEMA = `
  CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
  CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint NOT NULL REFERENCES customers, token uuid NOT NULL,
    total numeric(12,2), placed timestamptz, note text);
  CREATE INDEX orders_by_customer ON orders (customer);
  CREATE INDEX orders_by_time ON orders (placed);
  INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, ${Math.ceil(ROWS / 50)}) AS n;
  INSERT INTO orders SELECT n, 1 + n % ${Math.ceil(ROWS / 50)}, gen_random_uuid(), (n % 100000) / 100.0,
    now() - n * interval '1 second', 'order number ' || n FROM generate_series(1, ${ROWS}) AS n`;

/**
 * Restores: a full backup against pg_restore of a dump of the same database into the same server; and a chain, in each of whose
 * layers one per cent of the rows changed, against its full backup alone, merged as well as layer by layer. In turn, several
 * times; the median counts.
 */
export async function restore(): Promise<Result[]> {
  return [...(await againstPgRestore()), await chainAgainstFull()];
}

async function againstPgRestore(): Promise<Result[]> {
  const bin = findInstalled('pg_restore', 'No benchmark of restoring a full backup against pg_restore.');
  if (bin === null) return [];
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
  const rig = await startRig({ serverBin: bin });
  const urlOf = (database: string) => rig.server.url.replace(/\/postgres$/, `/${database}`);
  try {
    await fill(rig.server);
    await rig.startEngine({ tasks: JOBS });
    const dump = path.join(directory, 'dump');
    await run(path.join(bin, 'pg_dump'), ['-Fd', '-j', String(JOBS), '-f', dump, urlOf('bench')]);
    await rig.run(`BACKUP DATABASE bench TO '${at('full')}'`);
    const seconds: Record<'pgRestore' | 'restore', number[]> = { pgRestore: [], restore: [] };
    for (let each = 0; each < RUNS; each++) {
      seconds.pgRestore.push(
        await timed(async () => {
          await rig.server.exec('postgres', 'CREATE DATABASE dumped TEMPLATE template0');
          await run(path.join(bin, 'pg_restore'), ['-j', String(JOBS), '-d', urlOf('dumped'), dump]);
        }),
      );
      seconds.restore.push(
        await timed(() => rig.run(`RESTORE DATABASE bench FROM '${at('full')}' WITH into_db = 'restored'`)),
      );
      await compare(rig.server, 'dumped', 'restored');
      for (const database of ['dumped', 'restored'])
        await rig.server.exec('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
    }
    const medians = { pgRestore: median(seconds.pgRestore), restore: median(seconds.restore) };
    return [
      {
        benchmark: 'restore-full',
        rows: ROWS,
        seconds: medians,
        ratio: { restoreToPgRestore: round(medians.restore / medians.pgRestore) },
      },
    ];
  } finally {
    await rig.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function chainAgainstFull(): Promise<Result> {
  const rig = await startRig();
  try {
    await fill(rig.server);
    await (await rig.services.clusters.connect('default')).meet('slot', 'bench');
    const stop = await rig.startEngine();
    let changed = 0;
    for (let layer = 0; layer <= LAYERS; layer++) {
      const upon = layer === 0 ? '' : ` INCREMENTAL FROM ${listed(layer)}`;
      await rig.run(`BACKUP DATABASE bench TO '${at(layer)}'${upon}`);
      await rig.server.exec(
        'bench',
        `UPDATE orders SET total = total + 1 WHERE id % ${Math.round(1 / CHANGED)} = ${layer % 97};
         DELETE FROM orders WHERE id = ${layer}`,
      );
      changed += Math.round(ROWS * CHANGED);
    }
    await stop();
    const seconds: Record<'full' | 'merged' | 'layerByLayer', number[]> = {
      full: [],
      merged: [],
      layerByLayer: [],
    };
    for (let each = 0; each < RUNS; each++) {
      seconds.full.push(await restored(rig, 1, undefined));
      seconds.merged.push(await restored(rig, LAYERS + 1, undefined));
      seconds.layerByLayer.push(await restored(rig, LAYERS + 1, 0));
    }
    const medians = {
      full: median(seconds.full),
      merged: median(seconds.merged),
      layerByLayer: median(seconds.layerByLayer),
    };
    return {
      benchmark: 'restore-chain',
      rows: ROWS,
      seconds: medians,
      ratio: {
        mergedToFull: round(medians.merged / medians.full),
        layerByLayerToFull: round(medians.layerByLayer / medians.full),
      },
      counts: { layers: LAYERS, changedRows: changed },
    };
  } finally {
    await rig.stop();
  }
}

/** How long it takes to restore the first layers of the chain, with so much memory for keys. */
async function restored(rig: Rig, layers: number, mergeBytes: number | undefined): Promise<number> {
  const stop = await rig.startEngine({ mergeBytes });
  const seconds = await timed(() =>
    rig.run(`RESTORE DATABASE bench FROM ${listed(layers)} WITH into_db = 'restored'`),
  );
  await stop();
  await rig.server.exec('postgres', 'DROP DATABASE restored WITH (FORCE)');
  return seconds;
}

async function fill(server: TestServer): Promise<void> {
  await server.exec('postgres', 'CREATE DATABASE bench');
  await server.exec('bench', SCHEMA);
  await server.exec('bench', 'VACUUM ANALYZE');
}

/** A benchmark of restores that bring back something else measures nothing. */
async function compare(server: TestServer, one: string, other: string): Promise<void> {
  const [first, second] = await Promise.all(
    [one, other].map(async (database) =>
      JSON.stringify(
        await server.exec(
          database,
          `SELECT count(*) AS rows, sum(total) AS total, sum(hashtext(note)) AS notes,
                  (SELECT count(*) FROM pg_indexes WHERE schemaname = 'public') AS indexes,
                  (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated) AS references FROM orders`,
        ),
      ),
    ),
  );
  if (first !== second) throw new Error(`${one} has ${first}, ${other} has ${second}`);
}
