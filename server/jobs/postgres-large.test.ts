import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

/**
 * Values near what PostgreSQL can hand out: COPY refuses rows of a gibibyte of text, and a bytea's text is twice as long as
 * the bytea. Needs some gigabytes of memory, nearly all of it the server's, and of disk.
 */
const LARGE = process.env['HOLDFAST_TEST_LARGE'] === '1';

const MIB = 2 ** 20;
const TEXT_MIB = 600;
const BYTEA_MIB = 400;
/** Beyond what the process has before: streams' buffers, and what was read and isn't collected yet. */
const MOST_BYTES = 200 * MIB;

describe.runIf(LARGE)('values of hundreds of megabytes', () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig();
    await rig.startEngine();
    await rig.server.exec('postgres', 'CREATE DATABASE large');
    // A mebibyte that doesn't compress, over and over.
    const block = `(SELECT string_agg(md5(i::text), '' ORDER BY i) FROM generate_series(1, ${MIB / 32}) i)`;
    await rig.server.exec(
      'large',
      `CREATE TABLE texts (id int PRIMARY KEY, value text); ALTER TABLE texts ALTER value SET STORAGE EXTERNAL;
       CREATE TABLE byteas (id int PRIMARY KEY, value bytea); ALTER TABLE byteas ALTER value SET STORAGE EXTERNAL;
       INSERT INTO texts SELECT 1, repeat(${block}, ${TEXT_MIB});
       INSERT INTO byteas SELECT 1, decode(repeat(${block}, ${2 * BYTEA_MIB}), 'hex')`,
    );
  }, 600_000);

  afterAll(() => rig.stop(), 60_000);

  const digests = (database: string) =>
    rig.server.exec(
      database,
      `SELECT id, octet_length(value) AS length, md5(value) AS md5 FROM texts
       UNION ALL SELECT id, octet_length(value), md5(value) FROM byteas`,
    );

  it('are backed up and restored in memory that does not grow with them', async () => {
    const before = await digests('large');
    expect(before.map(({ length }) => length)).toEqual([TEXT_MIB * MIB, BYTEA_MIB * MIB]);
    const growth = await peakGrowth(async () => {
      await rig.run("BACKUP DATABASE large TO 'nodelocal://self/large'");
      await rig.run("RESTORE DATABASE large FROM 'nodelocal://self/large' WITH into_db = 'copy'");
    });
    expect(await digests('copy')).toEqual(before);
    expect(growth).toBeLessThan(MOST_BYTES);
  }, 1_200_000);

  it('are backed up incrementally', async () => {
    await (await rig.services.clusters.connect('default')).meet('slot', 'large');
    await rig.run("BACKUP DATABASE large TO 'nodelocal://self/base'");
    // Told whole by the WAL, and told as unchanged. What the server decodes of a bytea is its text twice over.
    await rig.server.exec(
      'large',
      `UPDATE texts SET value = reverse(value); INSERT INTO byteas SELECT 2, substr(value, 1, ${BYTEA_MIB * MIB} / 2) FROM byteas`,
    );
    const layer = `BACKUP DATABASE large TO 'nodelocal://self/layer' INCREMENTAL FROM 'nodelocal://self/base'`;
    const growth = await peakGrowth(() => rig.run(layer));
    await rig.run(
      "RESTORE DATABASE large FROM 'nodelocal://self/base', 'nodelocal://self/layer' WITH into_db = 'second'",
    );
    expect(await digests('second')).toEqual(await digests('large'));
    // A message of the WAL is held whole, and in pieces while it is put together.
    expect(growth).toBeLessThan(MOST_BYTES + 3 * TEXT_MIB * MIB);
  }, 1_200_000);
});

/** By how many bytes the process's resident memory grows at most while it works. */
async function peakGrowth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const look = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  try {
    await work();
    return peak - before;
  } finally {
    clearInterval(look);
  }
}
