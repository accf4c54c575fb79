import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLocation } from '../storage/location.ts';
import { contentsOf } from '../testing/compare.ts';
import { REMOTE_KINDS, startDestination } from '../testing/destinations.ts';
import { hasPsql, viaPsql } from '../testing/psql.ts';
import { ROOT_PASSWORD, startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

// One chain on each kind of destination, made and restored by statements as a cron job sends them.

const ROWS = `
  INSERT INTO items SELECT n, 'Ding ' || n, n / 7.0 FROM generate_series(1, 20000) AS n;
  INSERT INTO orders SELECT n, 1 + n % 20000, repeat(md5(n::text), 10) FROM generate_series(1, 20000) AS n`;

let rig: Rig;
let port: number;

beforeAll(async () => {
  rig = await startRig();
  await rig.startEngine();
  port = await rig.listen();
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec(
    'shop',
    `CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10, 2));
     CREATE TABLE orders (id bigint PRIMARY KEY, item int NOT NULL REFERENCES items, note text)`,
  );
  const cluster = await rig.services.clusters.connect('default');
  await cluster.meet('slot', 'shop');
}, 120_000);

afterAll(() => rig.stop(), 60_000);

/** What of a URL nobody may see. */
function secretsOf(url: string): string[] {
  return [...url.matchAll(/(?:SECRET_ACCESS_KEY|ACCOUNT_KEY|CREDENTIALS)=([^&]+)/g)].flatMap(
    ([, secret = '']) => [secret, decodeURIComponent(secret)],
  );
}

const psql = (statement: string) => viaPsql({ port, password: ROOT_PASSWORD }, statement);

describe(`a chain on every kind of destination, by ${hasPsql ? 'psql' : 'pg, since psql is not installed'}`, () => {
  it.each(['nodelocal', ...REMOTE_KINDS] as const)('%s', { timeout: 120_000 }, async (kind) => {
    const remote = kind === 'nodelocal' ? null : await startDestination(kind);
    const at = (layer: string) => remote?.url(`chain/${layer}`) ?? `nodelocal://self/chain/${layer}`;
    const recorded = (layer: string) => parseLocation(at(layer)).redacted;
    await rig.server.exec('shop', `TRUNCATE items, orders; DROP TABLE IF EXISTS notes; ${ROWS}`);
    const states: unknown[] = [];
    const state = async () => states.push(await contentsOf(rig.server, 'shop'));
    const [full] = await psql(`BACKUP DATABASE shop TO '${at('full')}'`);
    expect(full?.slice(1, 4)).toEqual(['succeeded', '1', '40000']);
    await state();

    await rig.server.exec(
      'shop',
      `UPDATE items SET price = price + 1 WHERE id % 100 = 0; DELETE FROM orders WHERE id % 50 = 0;
       INSERT INTO items VALUES (30000, 'naïve 🐘', NULL)`,
    );
    const [monday] = await psql(`BACKUP DATABASE shop TO '${at('monday')}' INCREMENTAL FROM '${at('full')}'`);
    expect(monday?.slice(1, 4)).toEqual(['succeeded', '1', '601']);
    await state();

    await rig.server.exec(
      'shop',
      `CREATE TABLE notes (text text); INSERT INTO notes VALUES ('no key'), ('none');
       DELETE FROM orders WHERE id % 7 = 0; UPDATE items SET id = 40000 WHERE id = 30000`,
    );
    await psql(
      // What opens the bucket is said once.
      `BACKUP DATABASE shop TO '${at('tuesday')}' INCREMENTAL FROM '${recorded('full')}', '${recorded('monday')}'`,
    );
    await state();

    const chain = ['full', 'monday', 'tuesday'].map((layer) => `'${at(layer)}'`);
    for (const [newest, expected] of states.entries()) {
      const into = `${kind} ${newest}`;
      await psql(
        `RESTORE DATABASE shop FROM ${chain.slice(0, newest + 1).join(', ')} WITH into_db = '${into}'`,
      );
      expect(await contentsOf(rig.server, into)).toEqual(expected);
    }
    // Nothing is ever written over, and the refusal says what is there.
    await expect(psql(`BACKUP DATABASE shop TO '${at('monday')}'`)).rejects.toThrow(
      /already contains a manifest\.json file/,
    );
    const shown = JSON.stringify(await psql('SHOW JOBS'));
    expect(shown).toContain(recorded('tuesday'));
    for (const secret of secretsOf(at('full'))) expect(shown).not.toContain(secret);
    await remote?.stop();
  });
});
