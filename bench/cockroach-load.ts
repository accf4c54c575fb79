import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { CockroachCluster } from '../server/cluster/cockroach/adapter.ts';
import { findBinary } from '../server/cluster/cockroach/testing/binary.ts';
import { LocalCluster } from '../server/cluster/cockroach/testing/local-cluster.ts';
import { describeTable } from '../server/cluster/conformance-tools.ts';
import type { TableDescriptor } from '../server/cluster/descriptor.ts';
import { median, round, timed } from './measure.ts';
import type { Result } from './run.ts';

const ROWS = Number(process.env['HOLDFAST_BENCH_ROWS'] ?? 100_000);
const RUNS = 3;
const METHODS = ['insert', 'copy', 'import'] as const;
type Method = (typeof METHODS)[number];

/**
 * The ways to get rows into CockroachDB: the adapter's own INSERTs, COPY FROM, and IMPORT INTO from a node's own disk (where
 * no backup is). The same COPY text into equal tables of three nodes, in turn, several times; the median counts.
 */
export async function cockroachLoad(): Promise<Result[]> {
  const binary = findBinary();
  if (binary === null) {
    console.error('SKIPPED: cockroach-load. There is no `cockroach` on PATH and no COCKROACH_BIN.');
    return [];
  }
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-bench-'));
  const cluster = await LocalCluster.start(binary);
  try {
    const file = path.join(directory, 'rows.copy');
    await writeFile(file, copyText());
    const [address = ''] = cluster.addresses;
    await promisify(execFile)(binary, [
      'nodelocal',
      'upload',
      file,
      'rows.copy',
      '--insecure',
      `--host=${address}`,
    ]);
    return [await compare(cluster.url, file)];
  } finally {
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function compare(url: string, file: string): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const adapter = new CockroachCluster(url, 'bench', { defaultAsOf: '-1us' });
  const seconds: Record<Method, number[]> = { insert: [], copy: [], import: [] };
  try {
    for (let run = 0; run < RUNS; run++)
      for (const method of METHODS) {
        await client.query('DROP TABLE IF EXISTS target');
        await client.query(
          'CREATE TABLE target (id INT8 PRIMARY KEY, customer UUID, total DECIMAL(12,2), placed TIMESTAMPTZ, note STRING, INDEX (placed))',
        );
        const held = await adapter.holdMoment(['defaultdb'], null);
        const table = await describeTable(
          adapter,
          { database: 'defaultdb', schema: 'public', name: 'target' },
          held.moment,
        );
        seconds[method].push(await timed(() => load(method, client, adapter, table, file)));
        const { rows } = await client.query<{ n: string }>('SELECT count(*) AS n FROM target');
        if (Number(rows[0]?.n) !== ROWS) throw new Error(`${method} loaded ${rows[0]?.n} rows of ${ROWS}`);
      }
  } finally {
    await adapter.close();
    await client.end();
  }
  const medians = {
    insert: median(seconds.insert),
    copy: median(seconds.copy),
    import: median(seconds.import),
  };
  return {
    benchmark: 'cockroach-load',
    rows: ROWS,
    seconds: medians,
    ratio: {
      copyToInsert: round(medians.copy / medians.insert),
      importToInsert: round(medians.import / medians.insert),
    },
  };
}

async function load(
  method: Method,
  client: pg.Client,
  adapter: CockroachCluster,
  table: TableDescriptor,
  file: string,
): Promise<void> {
  switch (method) {
    case 'insert':
      await adapter.load('defaultdb', table, createReadStream(file), new AbortController().signal);
      return;
    case 'copy':
      await pipeline(createReadStream(file), client.query(copyFrom('COPY target FROM STDIN')));
      return;
    case 'import':
      await client.query(`IMPORT INTO target PGCOPY DATA ('nodelocal://1/rows.copy')`);
  }
}

function copyText(): string {
  return Array.from({ length: ROWS }, (_, n) => {
    const id = String(n).padStart(12, '0');
    const placed = new Date(Date.UTC(2026, 0, 1) + n * 1000)
      .toISOString()
      .replace('T', ' ')
      .replace('Z', '+00:00');
    return `${n}\t00000000-0000-4000-8000-${id}\t${n / 100}\t${placed}\torder number ${n}\n`;
  }).join('');
}
