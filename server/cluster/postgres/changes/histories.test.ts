import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { histories } from '../../../testing/histories.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { type Backup, ChangesLab } from './changes-lab.ts';

/**
 * Random histories of random tables, backed up at random moments upon random bases. `ChangesLab.step` sees to it that the
 * base's rows and the changes make the rows of the moment. See testing/histories.ts for how many and which.
 */
const HISTORIES = histories({ numRuns: 3, seed: 20_261_124 });

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
}, 120_000);

afterAll(() => server.stop(), 60_000);

/** Key columns of a table, and how the nth key is written. */
const KEYS: Record<string, { columns: string; key: string; of: (n: number) => string }> = {
  int: { columns: 'k int8', key: 'k', of: (n) => String(n) },
  text: { columns: 'k text', key: 'k', of: (n) => `E'k\\t${n}'` },
  numeric: { columns: 'k numeric', key: 'k', of: (n) => `${n}.${n % 2 === 0 ? '5' : '50'}` },
  pair: { columns: 'k text, l int', key: 'k, l', of: (n) => `'k${n % 3}', ${n}` },
};
type KeyKind = keyof typeof KEYS;

type Step =
  | { do: 'insert' | 'delete' | 'update'; table: number; from: number; count: number; rolledBack: boolean }
  | { do: 'move'; table: number; from: number; by: number }
  | { do: 'truncate' | 'alter' | 'rewrite' | 'remake'; table: number }
  /** A transaction that stays open until the next one, or until the end. */
  | { do: 'hold'; table: number; from: number; count: number }
  | { do: 'backup'; base: number };

const table = fc.nat(1);
const from = fc.nat(40);
const count = fc.integer({ min: 1, max: 25 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('insert', 'delete', 'update'),
      table,
      from,
      count,
      rolledBack: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('move'), table, from, by: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('truncate', 'alter', 'rewrite', 'remake'), table }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold'), table, from, count }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('backup'), base: fc.nat(100) }) },
);
const history = fc.record({
  kinds: fc.tuple(fc.constantFrom(...Object.keys(KEYS)), fc.constantFrom(...Object.keys(KEYS))),
  steps: fc.array(step, { minLength: 12, maxLength: 24 }),
});

let made = 0;

async function play({ kinds, steps }: { kinds: [KeyKind, KeyKind]; steps: Step[] }): Promise<void> {
  const kind = (index: number) => KEYS[kinds[index] ?? ''] ?? KEYS['int']!;
  const name = (index: number) => `t${index}`;
  const create = (index: number) =>
    `CREATE TABLE ${name(index)} (${kind(index).columns}, n int NOT NULL, v text, PRIMARY KEY (${kind(index).key}));`;
  const lab = await ChangesLab.make(server, `history_${made++}`, create(0) + create(1));
  try {
    const [holder, writer] = [await lab.session(), await lab.session()];
    let held = false;
    const letGo = async () => {
      if (held) await holder.query('COMMIT');
      held = false;
    };
    const backups: Backup[] = [await lab.backup()];
    let turn = 0;
    const rows = (index: number, first: number, number: number) =>
      Array.from(
        { length: number },
        (_, offset) => `(${kind(index).of(first + offset)}, ${first + offset}, 'turn ${turn}')`,
      ).join(', ');
    for (const one of steps) {
      turn++;
      if (one.do === 'backup') {
        const base = backups[one.base % backups.length];
        if (base !== undefined) backups.push((await lab.step(base)).now);
        continue;
      }
      const t = name(one.table);
      const columns = `${kind(one.table).key}, n, v`;
      const within = 'count' in one ? `n BETWEEN ${one.from} AND ${one.from + one.count}` : '';
      switch (one.do) {
        case 'insert':
        case 'update':
        case 'delete': {
          // What a held transaction has changed would be waited for.
          await letGo();
          const sql = {
            insert: `INSERT INTO ${t} (${columns}) VALUES ${rows(one.table, one.from, one.count)} ON CONFLICT DO NOTHING`,
            update: `UPDATE ${t} SET v = 'update ${turn}' WHERE ${within}`,
            delete: `DELETE FROM ${t} WHERE ${within}`,
          }[one.do];
          await writer.query(`BEGIN; ${sql}; ${one.rolledBack ? 'ROLLBACK' : 'COMMIT'}`);
          break;
        }
        case 'move':
          await letGo();
          await writer.query(
            `BEGIN; DELETE FROM ${t} x USING (VALUES (${kind(one.table).of(one.from + one.by)})) AS k (${kind(one.table).key})
               WHERE ${kind(one.table)
                 .key.split(', ')
                 .map((column) => `x.${column} = k.${column}`)
                 .join(' AND ')};
             UPDATE ${t} SET (${kind(one.table).key}, n) = ROW (${kind(one.table).of(one.from + one.by)}, ${one.from + one.by}) WHERE n = ${one.from}; COMMIT`,
          );
          break;
        case 'hold':
          await letGo();
          await holder.query(
            `BEGIN; SAVEPOINT s; UPDATE ${t} SET v = 'held ${turn}' WHERE ${within}; RELEASE s;
             INSERT INTO ${t} (${columns}) VALUES ${rows(one.table, one.from + 100, one.count)} ON CONFLICT DO NOTHING`,
          );
          held = true;
          break;
        case 'truncate':
          await letGo();
          await writer.query(`TRUNCATE ${t}; INSERT INTO ${t} (${columns}) VALUES ${rows(one.table, 1, 3)}`);
          break;
        case 'alter':
          await letGo();
          await writer.query(`ALTER TABLE ${t} ADD COLUMN c${turn} int DEFAULT ${turn}`);
          break;
        case 'rewrite':
          await letGo();
          await writer.query(`VACUUM FULL ${t}`);
          break;
        case 'remake':
          await letGo();
          await writer.query(`DROP TABLE ${t}; ${create(one.table)}`);
          await lab.cluster.meet('tables', lab.database);
      }
    }
    await letGo();
    for (const base of backups.slice(-2)) await lab.step(base);
  } finally {
    await lab.close();
    await server.exec('postgres', `DROP DATABASE ${lab.database}`);
  }
}

it('every backup of every chain is what the tables were', async () => {
  await fc.assert(fc.asyncProperty(history, play), HISTORIES);
  expect(made).toBeGreaterThanOrEqual(HISTORIES.numRuns);
}, 3_600_000);
