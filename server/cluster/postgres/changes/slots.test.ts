import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { containing } from '../../conformance-tools.ts';
import { PostgresCluster } from '../adapter.ts';
import { startTestServer } from '../test-server.ts';
import { ChangesLab, sizes, TABLE, useLabs } from './changes-lab.ts';

const { make, port } = useLabs();

describe('the slot', () => {
  it('is moved on by the policy, and only then', async () => {
    const lab = await make();
    const base = await lab.backup();
    const mark = (
      await lab.exec(`SELECT obj_description(oid, 'pg_publication') AS c FROM pg_publication`)
    )[0]?.['c'];
    expect(await lab.cluster.tend(null)).toEqual([]);
    expect((await lab.step(base)).tables['t']?.plan.method).toBe('feed');
    // As if they had been set long ago.
    const old = JSON.parse(String(mark)) as { marks: { lsn: string; xid: string; at: string }[] };
    const then = new Date(Date.now() - 8 * 86_400_000).toISOString();
    await lab.exec('UPDATE t SET v = v');
    const [second] = await lab.exec(
      `SELECT pg_current_wal_insert_lsn()::text AS lsn, pg_current_xact_id()::text AS xid`,
    );
    old.marks = [...old.marks, { lsn: String(second?.['lsn']), xid: String(second?.['xid']), at: then }].map(
      (each) => ({ ...each, at: then }),
    );
    await lab.exec(`COMMENT ON PUBLICATION holdfast IS '${JSON.stringify(old)}'`);
    await sleep(300);
    expect(await lab.cluster.tend(null)).toEqual([containing('was moved on to')]);
    await expect(lab.step(base)).rejects.toMatchObject({ code: 'unreadable-moment', field: 'bases' });
    const next = await lab.backup();
    await lab.exec('DELETE FROM t WHERE id = 1');
    expect(sizes((await lab.step(next)).tables['t'])).toEqual([0, 1]);
  });

  it('has a second one that is where the newest backup begins, for reading less', async () => {
    const lab = await make();
    const slots = () =>
      lab.exec(`SELECT slot_name AS name, confirmed_flush_lsn AS passed FROM pg_replication_slots
        WHERE database = current_database() ORDER BY slot_name`);
    const first = await lab.backup();
    await lab.exec(`UPDATE t SET v = 'x' WHERE id = 1`);
    const { now } = await lab.step(first);
    await lab.cluster.tend({ databases: [lab.database], moment: now.moment });
    await expect.poll(slots, { timeout: 10_000 }).toHaveLength(2);
    // Marks are some time apart.
    await sleep(1_100);
    await lab.exec(`UPDATE t SET v = 'y' WHERE id = 2`);
    // Whichever slot has it.
    expect(sizes((await lab.step(now)).tables['t'])).toEqual([1, 0]);
    expect(sizes((await lab.step(first)).tables['t'])).toEqual([2, 0]);
    const second = await lab.backup();
    const [, before] = await slots();
    await lab.cluster.tend({ databases: [lab.database], moment: second.moment });
    await expect
      .poll(async () => (await slots())[1]?.['passed'], { timeout: 10_000 })
      .not.toBe(before?.['passed']);
    // It would keep WAL for nobody.
    await lab.exec(`SELECT pg_drop_replication_slot('${String((await slots())[0]?.['name'])}')`);
    expect(await lab.cluster.tend(null)).toEqual([]);
    expect(await slots()).toEqual([]);
  });

  it('that the server gave up is told, and made anew by a click', async () => {
    const small = await startTestServer({
      settings: { max_slot_wal_keep_size: '1MB', max_wal_size: '32MB', min_wal_size: '32MB' },
    });
    const lab = await ChangesLab.make(small, 'lab', TABLE);
    try {
      const base = await lab.backup();
      for (let n = 0; n < 4; n++)
        await lab.exec('SELECT pg_switch_wal(); INSERT INTO t SELECT max(id) + 1 FROM t; CHECKPOINT');
      await expect(lab.step(base)).rejects.toMatchObject({
        code: 'unreadable-moment',
        message: containing('max_slot_wal_keep_size'),
      });
      const slot = (await lab.cluster.prerequisites('lab')).find(({ id }) => id === 'slot');
      expect(slot).toMatchObject({ met: false, detail: containing('given up') });
      await lab.cluster.meet('slot', 'lab');
      expect((await lab.step(await lab.backup())).tables['t']?.plan.method).toBe('feed');
    } finally {
      await lab.close();
      await small.stop();
    }
  }, 60_000);

  it('can not be had below wal_level = logical, which is said with what to do', async () => {
    const plain = await startTestServer({ settings: { wal_level: 'replica' } });
    const lab = await ChangesLab.make(plain, 'lab', TABLE, true);
    try {
      expect((await lab.cluster.describe()).incremental).toMatchObject({
        available: false,
        remedy: containing('restart'),
      });
      expect((await lab.cluster.prerequisites())[0]).toMatchObject({
        id: 'wal-level',
        met: false,
        action: null,
      });
      await expect(lab.cluster.meet('slot', 'lab')).rejects.toMatchObject({
        code: 'unsupported',
        hint: containing('restart'),
      });
    } finally {
      await lab.close();
      await plain.stop();
    }
  }, 60_000);

  it('needs the REPLICATION privilege, which is said', async () => {
    const lab = await make(`${TABLE} CREATE ROLE reader LOGIN PASSWORD 'x'; GRANT SELECT ON t TO reader`);
    const reader = new PostgresCluster(`postgres://reader:x@127.0.0.1:${port()}/${lab.database}`, 'reader');
    try {
      const unmet = (await reader.prerequisites(lab.database)).filter(({ met }) => !met);
      expect(unmet).toEqual([
        expect.objectContaining({ id: 'replication', detail: containing('ALTER ROLE reader REPLICATION') }),
      ]);
    } finally {
      await reader.close();
    }
  });
});
