import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findBinary } from '../server/cluster/cockroach/testing/binary.ts';
import { LocalCluster } from '../server/cluster/cockroach/testing/local-cluster.ts';
import { type Manifest, manifestSchema } from '../server/format/manifest.ts';
import { startRig } from '../server/testing/rig.ts';
import type { Rig } from '../server/testing/rig.ts';
import { median, round, timed } from './measure.ts';
import type { Result } from './run.ts';

const ROWS = Number(process.env['HOLDFAST_BENCH_ROWS'] ?? 800_000);
const RANGES = 12;
const RUNS = 5;
const LAYERS = 5;
const ROWS_A_STATEMENT = 20_000;
/** Backups are as of ten seconds ago, and what they are to see must be older. */
const SETTLE_MS = 11_000;

/**
 * On three nodes: a full backup against CockroachDB's own and against bare SELECT streams, one a node, thrown away; then
 * incremental ones of one per cent changed rows, and of as many in a table twice as large, each less what a backup of no
 * change of that table costs (`fixed`: planning, the changefeed's start with the cluster's own scan of the table, and the
 * wait for its resolved timestamp). Needs a binary; without one it answers nothing, and says so.
 */
export async function cockroach(): Promise<Result[]> {
  const binary = findBinary();
  if (binary === null) {
    console.error('SKIPPED: cockroach. There is no `cockroach` on PATH and no COCKROACH_BIN.');
    return [];
  }
  const cluster = await LocalCluster.start(binary);
  try {
    const rig = await startRig({ clusterUrl: cluster.url });
    try {
      return await new Bench(cluster, rig).run();
    } finally {
      await rig.stop();
    }
  } finally {
    await cluster.stop();
  }
}

class Bench {
  readonly #cluster: LocalCluster;
  readonly #rig: Rig;

  constructor(cluster: LocalCluster, rig: Rig) {
    this.#cluster = cluster;
    this.#rig = rig;
  }

  async run(): Promise<Result[]> {
    await this.#exec('defaultdb', 'SET CLUSTER SETTING kv.rangefeed.enabled = true');
    await this.#exec('defaultdb', 'CREATE DATABASE bench');
    await this.#exec(
      'bench',
      `CREATE TABLE orders (id INT8 PRIMARY KEY, customer UUID NOT NULL, total DECIMAL(12,2), placed TIMESTAMPTZ,
         paid BOOL, ratio FLOAT8, tags STRING[], note STRING)`,
    );
    await this.#insert(1, ROWS);
    const splits = Array.from({ length: RANGES - 1 }, (_, n) => `(${Math.floor((ROWS * (n + 1)) / RANGES)})`);
    await this.#exec('bench', `ALTER TABLE orders SPLIT AT VALUES ${splits.join(', ')}`);
    await this.#exec('bench', 'ALTER TABLE orders SCATTER');
    await this.#rig.startEngine({ tasks: 4 });
    await sleep(SETTLE_MS);
    const full = await this.#full();
    return [full, ...(await this.#incremental())];
  }

  async #full(): Promise<Result> {
    const own: number[] = [];
    const bare: number[] = [];
    const backup: number[] = [];
    for (let run = 0; run <= RUNS; run++) {
      const round = [
        await timed(() => this.#exec('bench', `BACKUP TABLE orders TO 'nodelocal://1/own-${run}'`)),
        await timed(() => this.#readBare()),
        await timed(() => this.#backup(`full-${run}`)),
      ] as const;
      // The first round warms caches, connections and compilers: it counts for nobody.
      if (run === 0) continue;
      own.push(round[0]);
      bare.push(round[1]);
      backup.push(round[2]);
    }
    const seconds = { own: median(own), bareStreams: median(bare), backup: median(backup) };
    return {
      benchmark: 'cockroach-full',
      rows: ROWS,
      seconds,
      ratio: {
        backupToBareStreams: round(seconds.backup / seconds.bareStreams),
        backupToOwn: round(seconds.backup / seconds.own),
      },
    };
  }

  async #incremental(): Promise<Result[]> {
    const changed = Math.floor(ROWS / 100);
    const table = await this.#fixedAndChange('full-0', 'table', changed);
    await this.#insert(ROWS + 1, ROWS);
    await sleep(SETTLE_MS);
    await this.#backup('full-double');
    const double = await this.#fixedAndChange('full-double', 'double', changed);
    const full = await this.#manifest('full-0');
    const layer = await this.#manifest('table-change-0');
    return [
      {
        benchmark: 'cockroach-incremental',
        rows: layer.totals.rows,
        seconds: {
          fixed: table.fixed,
          onePercent: table.change,
          onePercentLessFixed: round(table.change - table.fixed),
          doubleTableFixed: double.fixed,
          doubleTable: double.change,
          doubleTableLessFixed: round(double.change - double.fixed),
        },
        ratio: {
          rawBytesToFull: round(layer.totals.rawBytes / full.totals.rawBytes),
          storedBytesToFull: round(layer.totals.bytes / full.totals.bytes),
          doubleTableToTable: round(double.change / table.change),
          doubleTableToTableLessFixed: round((double.change - double.fixed) / (table.change - table.fixed)),
        },
      },
    ];
  }

  /** The times of incremental backups on that base, of nothing and of so many changed rows. */
  async #fixedAndChange(
    base: string,
    name: string,
    rows: number,
  ): Promise<{ fixed: number; change: number }> {
    const fixed = await this.#layers(base, `${name}-fixed`);
    await this.#change(rows);
    return { fixed, change: await this.#layers(base, `${name}-change`) };
  }

  /** The median time of incremental backups on one base. */
  async #layers(base: string, name: string): Promise<number> {
    const seconds: number[] = [];
    for (let run = 0; run < LAYERS; run++)
      seconds.push(
        await timed(() => this.#backup(`${name}-${run}`, `INCREMENTAL FROM 'nodelocal://self/${base}'`)),
      );
    return median(seconds);
  }

  async #backup(name: string, on = ''): Promise<void> {
    await this.#rig.run(`BACKUP bench.orders TO 'nodelocal://self/${name}' ${on}`);
  }

  async #manifest(name: string): Promise<Manifest> {
    const text = await readFile(path.join(this.#rig.externDir, name, 'manifest.json'), 'utf8');
    return manifestSchema.parse(JSON.parse(text));
  }

  /** Changes so many rows, spread over the table. */
  async #change(rows: number): Promise<void> {
    await this.#exec(
      'bench',
      `UPDATE orders SET total = total + 1 WHERE id IN (SELECT i * 100 FROM generate_series(1, ${rows}) AS g (i))`,
    );
    await sleep(SETTLE_MS);
  }

  async #insert(first: number, rows: number): Promise<void> {
    for (let from = first; from < first + rows; from += ROWS_A_STATEMENT) {
      const to = Math.min(from + ROWS_A_STATEMENT, first + rows) - 1;
      await this.#exec(
        'bench',
        `INSERT INTO orders SELECT i, gen_random_uuid(), (i % 100000)::DECIMAL / 100, '2026-01-01'::TIMESTAMPTZ + i * '1s'::INTERVAL,
           i % 3 = 0, i::FLOAT8 / 7, ARRAY['a' || i::STRING, 'b'], 'order number ' || i::STRING
         FROM generate_series(${from}, ${to}) AS g (i)`,
      );
    }
  }

  /** Reads a third of the table through each node, and looks at none of it. */
  async #readBare(): Promise<void> {
    const { addresses } = this.#cluster;
    await Promise.all(
      addresses.map((address, node) => {
        const bound = (part: number) => Math.floor((ROWS * part) / addresses.length);
        return discard(
          `postgresql://root@${address}/bench?sslmode=disable`,
          `SELECT * FROM orders WHERE id > ${bound(node)} AND id <= ${bound(node + 1)}`,
        );
      }),
    );
  }

  async #exec(database: string, sql: string): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#cluster.url.replace('/defaultdb', `/${database}`),
    });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
}

/** `Z`, its length, and the state: the last message of an answer. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Sends a statement and throws the bytes of its answer away as they come off the socket. */
async function discard(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // Its end is ours, and no error.
  client.on('error', () => undefined);
  await client.connect();
  const { connection } = client as unknown as { connection: pg.Connection };
  const socket = connection.stream;
  socket.removeAllListeners('data');
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      if (chunk.subarray(-READY.length).equals(READY)) resolve();
    });
    connection.query(sql);
  });
  socket.destroy();
}
