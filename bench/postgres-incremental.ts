import { readManifestAt } from '../server/format/manifest.ts';
import { parseLocation } from '../server/storage/location.ts';
import { openStore } from '../server/storage/open.ts';
import { startRig } from '../server/testing/rig.ts';
import { median, round, timed } from './measure.ts';
import type { Result } from './run.ts';

const ROWS = Number(process.env['HOLDFAST_BENCH_ROWS'] ?? 5_000_000);
const RUNS = 3;
/** Of all rows, in each layer. */
const CHANGED = 0.01;

/**
 * An incremental backup of PostgreSQL in which one per cent of the rows changed, spread over the whole table, against a
 * full backup of the same table; and one in which nothing did (`fixed`). In turn, several times; the median counts.
 */
export async function postgresIncremental(): Promise<Result[]> {
  const rig = await startRig();
  const at = (name: string) => `nodelocal://self/${name}`;
  const bytesOf = async (name: string) => {
    const location = parseLocation(at(name));
    return (await readManifestAt(location, (one) => openStore(one, { externDir: rig.externDir }))).totals
      .bytes;
  };
  try {
    await rig.server.exec('postgres', 'CREATE DATABASE bench');
    await rig.server.exec(
      'bench',
      `CREATE TABLE orders (id bigint PRIMARY KEY, customer uuid NOT NULL, total numeric(12,2), placed timestamptz, note text);
       INSERT INTO orders SELECT n, gen_random_uuid(), (n % 100000) / 100.0, now() - n * interval '1 second', 'order number ' || n
         FROM generate_series(1, ${ROWS}) AS n`,
    );
    await rig.server.exec('bench', 'VACUUM ANALYZE orders');
    const cluster = await rig.services.clusters.connect('default');
    await cluster.meet('slot', 'bench');
    await rig.startEngine();
    const seconds: Record<'full' | 'incremental' | 'fixed', number[]> = {
      full: [],
      incremental: [],
      fixed: [],
    };
    const bytes: Record<'full' | 'incremental', number[]> = { full: [], incremental: [] };
    for (let run = 0; run < RUNS; run++) {
      const [full, changed, same] = [`full-${run}`, `changed-${run}`, `same-${run}`];
      seconds.full.push(await timed(() => rig.run(`BACKUP DATABASE bench TO '${at(full)}'`)));
      await rig.server.exec(
        'bench',
        `UPDATE orders SET total = total + 1 WHERE id % ${Math.round(1 / CHANGED)} = ${run}`,
      );
      seconds.incremental.push(
        await timed(() =>
          rig.run(`BACKUP DATABASE bench TO '${at(changed)}' INCREMENTAL FROM '${at(full)}'`),
        ),
      );
      seconds.fixed.push(
        await timed(() =>
          rig.run(`BACKUP DATABASE bench TO '${at(same)}' INCREMENTAL FROM '${at(full)}', '${at(changed)}'`),
        ),
      );
      bytes.full.push(await bytesOf(full));
      bytes.incremental.push(await bytesOf(changed));
    }
    return [
      {
        benchmark: 'postgres-incremental',
        rows: ROWS,
        seconds: {
          full: median(seconds.full),
          incremental: median(seconds.incremental),
          fixed: median(seconds.fixed),
        },
        ratio: {
          incrementalToFullTime: round(median(seconds.incremental) / median(seconds.full)),
          incrementalToFullBytes: round(median(bytes.incremental) / median(bytes.full)),
        },
      },
    ];
  } finally {
    await rig.stop();
  }
}
