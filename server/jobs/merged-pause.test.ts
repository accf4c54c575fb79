import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readManifestAt } from '../format/manifest.ts';
import { parseLocation } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import type { Store } from '../storage/store.ts';
import { contentsOf } from '../testing/compare.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

// A merged restore, as of the middle of a chain, that is paused in mid-load and goes on with another engine.

const ROWS = 120_000;
const LAYERS = 4;
/** The one that is restored. */
const MIDDLE = 2;
const at = (layer: number) => `nodelocal://self/paused-${layer}`;
const urls = (layers: number) => Array.from({ length: layers }, (_, layer) => `'${at(layer)}'`).join(', ');

/** Once it is set, so many data files are opened, and the others when it is let go. */
class Gate {
  #left = Number.POSITIVE_INFINITY;
  #opened = Promise.withResolvers<undefined>();

  close(after: number): void {
    this.#left = after;
    this.#opened = Promise.withResolvers<undefined>();
  }

  open(): void {
    this.#left = Number.POSITIVE_INFINITY;
    this.#opened.resolve(undefined);
  }

  async pass(): Promise<void> {
    if (this.#left <= 0) await this.#opened.promise;
    else this.#left -= 1;
  }
}

const gate = new Gate();

/** The store, with a gate before each data file that is read. */
function gated(store: Store): Store {
  return new Proxy(store, {
    get(target, property): unknown {
      if (property === 'get')
        return async (...[name, range]: Parameters<Store['get']>): Promise<Readable> => {
          if (name.startsWith('data/')) await gate.pass();
          return target.get(name, range);
        };
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ around: gated });
}, 120_000);

afterAll(async () => {
  gate.open();
  await rig.stop();
}, 60_000);

const manifestOf = (layer: number) =>
  readManifestAt(parseLocation(at(layer)), (location) => openStore(location, { externDir: rig.externDir }));

it('goes on with what is loaded, by the plan that it was begun with', async () => {
  await rig.server.exec('postgres', 'CREATE DATABASE bank');
  await rig.server.exec(
    'bank',
    `CREATE TABLE accounts (id int PRIMARY KEY, seat int UNIQUE, note text);
     INSERT INTO accounts SELECT n, n, 'account number ' || n || repeat('.', 60) FROM generate_series(1, ${ROWS}) AS n`,
  );
  await (await rig.services.clusters.connect('default')).meet('slot', 'bank');
  let stop = await rig.startEngine({ tasks: 1 });
  let expected: unknown;
  for (let layer = 0; layer < LAYERS; layer++) {
    const upon = layer === 0 ? '' : ` INCREMENTAL FROM ${urls(layer)}`;
    await rig.run(`BACKUP DATABASE bank TO '${at(layer)}'${upon}`);
    if (layer === MIDDLE) expected = await contentsOf(rig.server, 'bank');
    await rig.server.exec(
      'bank',
      `DELETE FROM accounts WHERE id % 50 = ${layer};
       UPDATE accounts SET note = 'changed ${layer}', seat = -seat WHERE id % 10 = ${layer}`,
    );
  }
  expect((await manifestOf(0)).files.length).toBeGreaterThan(2);
  const changed = await Promise.all([1, MIDDLE].map(manifestOf));
  // The files that the index is made of, and one to load.
  gate.close(changed.flatMap(({ files }) => files).length + 1);
  const { moment } = await manifestOf(MIDDLE);
  const id =
    (
      await rig.run(
        `RESTORE DATABASE bank FROM ${urls(LAYERS)} AS OF SYSTEM TIME '${moment.at}' WITH into_db = 'copy', detached`,
      )
    ).rows[0]?.[0] ?? '';
  const done = async () =>
    (await rig.services.jobs.tables(id)).reduce((sum, { tasksDone }) => sum + tasksDone, 0);
  await expect.poll(done, { timeout: 60_000, interval: 50 }).toBeGreaterThan(0);
  await rig.run(`PAUSE JOB ${id}`);
  await expect
    .poll(async () => (await rig.services.jobs.view(id)).state, { timeout: 60_000, interval: 50 })
    .toBe('paused');
  gate.open();
  await stop();
  // This one has no room for keys, but for an index that is alone; it would plan another way.
  stop = await rig.startEngine({ tasks: 2, mergeBytes: 0 });
  await rig.run(`RESUME JOB ${id}`);
  await rig.run(`SHOW JOBS WHEN COMPLETE (${id})`);
  expect(await rig.services.jobs.view(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  const log = (await rig.events(id)).flatMap((event) => (event.type === 'log' ? [event.message] : []));
  expect(log.join('\n')).toMatch(
    /accounts: changes are merged[\s\S]*Paused: [1-9]\d* of \d+ tasks[\s\S]*Going on/,
  );
  expect(await contentsOf(rig.server, 'copy')).toEqual(expected);
  await stop();
}, 240_000);
