import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../cluster/postgres/test-server.ts';
import { contentsOf } from '../testing/compare.ts';
import { killEngines } from '../testing/killer.ts';
import { onStage } from '../testing/processes.ts';
import { makeShop } from '../testing/shops.ts';
import { hash } from '../cluster/simulated/random.ts';

const LARGE = process.env['HOLDFAST_TEST_LARGE'] === '1';
const TABLES = 5;
const ROWS = 400_000;
/** A failing run is repeated by its seed, as far as processes can be. */
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1);
const KILLING = { everyMs: 1_000, awayMs: 1_000, forMs: LARGE ? 120_000 : 10_000 };

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ settings: { max_connections: '200', work_mem: '256MB' } });
  await makeShop(server, 'shop', { tables: TABLES, rows: ROWS });
}, 120_000);

afterAll(() => server.stop(), 60_000);

describe('three engines of which one is killed every second', () => {
  it('back up two million rows, and restore them', async () => {
    let asked = 0;
    const random = () => hash(SEED, asked++) / 2 ** 32;
    await onStage({ store: server, cluster: server, bytesPerSecond: 24e6 }, async ({ processes, link }) => {
      await processes.startConsole();
      for (let engine = 0; engine < 3; engine++) await processes.startEngine();

      const backup = await processes.begin("BACKUP DATABASE shop TO 'nodelocal://self/shop'");
      await processes.untilDone(backup, 1);
      await killEngines(processes, backup, { ...KILLING, random });
      const { attempt, rows } = await processes.succeeded(backup);
      expect(rows).toBe(TABLES * ROWS);
      const tries = (await processes.tasks(backup)).map((task) => task.tries);
      process.stderr.write(`backup: ${attempt} attempts, ${tries.join(' ')} tries in the last\n`);
      link.bytesPerSecond = 48e6;

      const restore = await processes.begin(
        "RESTORE DATABASE shop FROM 'nodelocal://self/shop' WITH into_db = 'copy'",
      );
      await processes.untilDone(restore, 1);
      await killEngines(processes, restore, { ...KILLING, random });
      // Nothing of it is lost with a coordinator.
      expect(await processes.succeeded(restore)).toMatchObject({ attempt: 1, rows: TABLES * ROWS });
      expect(await contentsOf(server, 'copy')).toEqual(await contentsOf(server, 'shop'));
    });
  }, 600_000);
});
