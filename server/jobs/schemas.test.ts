import { afterAll, beforeAll, expect, it } from 'vitest';
import { schemaFor } from '../cluster/postgres/schema-fixture.ts';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.server.exec('postgres', 'CREATE DATABASE rich');
  await rig.server.exec('rich', schemaFor(rig.server.version));
  await rig.startEngine();
  await rig.run("BACKUP DATABASE rich TO 'nodelocal://self/rich'");
}, 120_000);

afterAll(async () => {
  await rig.stop();
}, 60_000);

it('brings back a schema with everything, with the extensions that it needs', async () => {
  const notices: string[] = [];
  await rig.run("RESTORE DATABASE rich FROM 'nodelocal://self/rich' WITH into_db = 'copy'", notices);
  expect(notices).toEqual(
    expect.arrayContaining([
      expect.stringContaining('The extension citext is created in copy, for '),
      expect.stringContaining('The extension pg_trgm is created in copy, for '),
    ]),
  );
  expect(await contentsOf(rig.server, 'copy')).toEqual(await contentsOf(rig.server, 'rich'));
}, 120_000);

it('takes partitions along with their table, and restores one alone where the table is', async () => {
  await rig.run("BACKUP rich.public.parted TO 'nodelocal://self/parted'");
  await rig.run("RESTORE rich.parted FROM 'nodelocal://self/parted' WITH into_db = 'parts', create_db");
  const rows = 'SELECT tableoid::regclass::text AS part, id, made, kind, n FROM parted ORDER BY id';
  const original = await rig.server.exec('rich', rows);
  expect(original).toHaveLength(61);
  expect(await rig.server.exec('parts', rows)).toEqual(original);

  await rig.server.exec('parts', 'DROP TABLE "Part 2024"');
  await rig.run(`RESTORE rich.public."Part 2024" FROM 'nodelocal://self/parted' WITH into_db = 'parts'`);
  expect(await rig.server.exec('parts', rows)).toEqual(original);
  const error: unknown = await rig
    .run(`RESTORE rich.public.hash_0 FROM 'nodelocal://self/parted' WITH into_db = 'alone', create_db`)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'missing-dependency',
    message: expect.stringContaining('without the table "rich.public.parted_2025_rest"') as string,
  });
}, 120_000);
