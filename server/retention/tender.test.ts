import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { Tender } from './tender.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec('shop', 'CREATE TABLE t (id int PRIMARY KEY)');
}, 120_000);

afterAll(() => rig.stop(), 60_000);

it('moves slots on by the policy where no backup runs, whatever else is down', async () => {
  const { clusters } = rig.services;
  await clusters.add('absent', 'postgres://root:secret@127.0.0.1:1/postgres', { untested: true });
  await (await clusters.connect('default')).meet('slot', 'shop');
  const position = async () => {
    const [slot] = await rig.server.exec(
      'shop',
      'SELECT confirmed_flush_lsn AS position FROM pg_replication_slots',
    );
    return String(slot?.['position']);
  };
  const said: string[] = [];
  const tender = new Tender({
    clusters: () => clusters.names(),
    connect: (name) => clusters.connect(name),
    logger: pino({ level: 'info' }, { write: (line) => void said.push(line) }),
  });
  const before = await position();
  // Marks are some time apart.
  await sleep(1_100);
  await tender.tend();
  expect(await position()).toBe(before);
  // As if all that is kept had been kept for longer than the policy says.
  await rig.server.exec(
    'shop',
    `DO $$ DECLARE old text := (SELECT obj_description(oid, 'pg_publication') FROM pg_publication);
       BEGIN EXECUTE format('COMMENT ON PUBLICATION holdfast IS %L', regexp_replace(old, '"at":"\\d{4}', '"at":"2020', 'g')); END $$;
     INSERT INTO t VALUES (1)`,
  );
  await tender.tend();
  await tender.stop();
  expect(await position()).not.toBe(before);
  expect(said.join('')).toMatch(/absent[^\n]*tending.*\n(.*\n)*.*moved on to/);
});
