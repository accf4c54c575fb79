import { once } from 'node:events';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { startRig } from '../server/testing/rig.ts';
import type { TestServer } from '../server/cluster/postgres/test-server.ts';
import { median, round, timed } from './measure.ts';
import type { Result } from './run.ts';

const ROWS = Number(process.env['HOLDFAST_BENCH_ROWS'] ?? 1_000_000);
const STREAMS = 4;
const RUNS = 3;

/**
 * A full backup against bare COPY streams, the same rows read by as many connections and thrown
 * away. In turn, several times, in one run; the median counts.
 */
export async function fullBackup(): Promise<Result[]> {
  const rig = await startRig();
  try {
    await rig.server.exec('postgres', 'CREATE DATABASE bench');
    await rig.server.exec(
      'bench',
      'CREATE TABLE orders (id bigint PRIMARY KEY, customer uuid NOT NULL, total numeric(12,2), placed timestamptz, note text)',
    );
    await rig.server.exec(
      'bench',
      `INSERT INTO orders SELECT n, gen_random_uuid(), (n % 100000) / 100.0, now() - n * interval '1 second', 'order number ' || n
         FROM generate_series(1, ${ROWS}) AS n`,
    );
    await rig.server.exec('bench', 'VACUUM ANALYZE orders');
    await rig.startEngine({ tasks: STREAMS });
    const bare: number[] = [];
    const backup: number[] = [];
    const restore: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      bare.push(await timed(() => readBare(rig.server)));
      backup.push(await timed(() => rig.run(`BACKUP DATABASE bench TO 'nodelocal://self/bench-${run}'`)));
      restore.push(
        await timed(() =>
          rig.run(`RESTORE DATABASE bench FROM 'nodelocal://self/bench-${run}' WITH into_db = 'r${run}'`),
        ),
      );
    }
    const seconds = { bareStreams: median(bare), backup: median(backup), restore: median(restore) };
    return [
      {
        benchmark: 'full-backup',
        rows: ROWS,
        seconds,
        ratio: { backupToBareStreams: round(seconds.backup / seconds.bareStreams) },
      },
    ];
  } finally {
    await rig.stop();
  }
}

/** Reads the table by block ranges on several connections, and throws it away. */
async function readBare(server: TestServer): Promise<void> {
  const [size] = await server.exec('bench', "SELECT pg_relation_size('orders') / 8192 AS pages");
  const pages = Number(size?.['pages'] ?? 0);
  await Promise.all(
    Array.from({ length: STREAMS }, async (_, stream) => {
      const from = Math.floor((pages * stream) / STREAMS);
      const until = Math.floor((pages * (stream + 1)) / STREAMS);
      const client = new pg.Client({ connectionString: server.url.replace(/\/postgres$/, '/bench') });
      await client.connect();
      const rows = client.query(
        copyTo(`COPY (SELECT * FROM orders WHERE ctid >= '(${from},0)' AND ctid < '(${until},0)') TO STDOUT`),
      );
      rows.resume();
      await once(rows, 'end');
      await client.end();
    }),
  );
}
