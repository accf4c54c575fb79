import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SimulatedCluster } from '../../cluster/simulated/adapter.ts';
import { fixtureWorld } from '../../cluster/simulated/fixture-world.ts';
import { tableDescriptor, unsignedManifest } from '../../format/fixtures.ts';
import { writeManifest } from '../../format/manifest.ts';
import type { JobView } from '../../jobs/job.ts';
import { parseLocation } from '../../storage/location.ts';
import { openStore } from '../../storage/open.ts';
import type { Store } from '../../storage/store.ts';
import { Readiness, type ReadinessTools } from './gather.ts';

// Two hundred databases of one cluster, each backed up every night: what is looked at stays bounded.

const DATABASES = 200;
const NIGHTS = 2;
const IDENTITY = 'fixture';

let externDir: string;
let jobs: JobView[];

const nameOf = (database: number) => `database ${String(database).padStart(3, '0')}`;

beforeAll(async () => {
  externDir = await mkdtemp(path.join(tmpdir(), 'holdfast-readiness-'));
  jobs = [];
  for (let night = 0; night < NIGHTS; night++)
    for (let database = 0; database < DATABASES; database++) {
      const url = `nodelocal://self/${night}/${database}`;
      const location = parseLocation(url);
      const store = openStore(location, { externDir });
      const at = new Date(Date.now() - (NIGHTS - night) * 3_600_000).toISOString();
      const name = { database: nameOf(database), schema: 'public', name: 'accounts' };
      await writeManifest(
        store,
        unsignedManifest({
          cluster: { name: 'default', kind: 'simulated', version: '1', identity: IDENTITY },
          moment: { kind: 'hlc', at, timestamp: `${Date.parse(at)}000000.0000000000` },
          targets: { databases: [name.database], objects: [] },
          descriptors: [{ ...tableDescriptor(name), dependencies: [] }],
          files: [],
          totals: { rows: 0, bytes: 0, rawBytes: 0 },
          leftOut: [],
        }),
      );
      await store.close();
      jobs.push(jobOf(url, name.database, at, jobs.length));
    }
  jobs.reverse();
}, 120_000);
afterAll(() => rm(externDir, { recursive: true, force: true }));

function jobOf(url: string, database: string, at: string, number: number): JobView {
  return {
    id: String(number + 1) as JobView['id'],
    kind: 'BACKUP',
    state: 'succeeded',
    runningStatus: null,
    cluster: 'default',
    statement: `BACKUP DATABASE "${database}" TO '${url}'`,
    user: 'root',
    location: url,
    moment: at,
    createdAt: at,
    startedAt: at,
    finishedAt: at,
    modifiedAt: at,
    fraction: 1,
    rows: 0,
    bytes: 0,
    storedBytes: 0,
    estimatedBytes: 0,
    progressedAt: null,
    attempt: 1,
    coordinator: null,
    error: null,
  };
}

/** How many of something there are at once, at most, and in all. */
class Count {
  all = 0;
  now = 0;
  most = 0;

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.all += 1;
    this.now += 1;
    this.most = Math.max(this.most, this.now);
    try {
      return await work();
    } finally {
      this.now -= 1;
    }
  }
}

it('reads the newest backup of each and no more, few at a time, and asks a cluster for few databases at once', async () => {
  const cluster = new SimulatedCluster(
    fixtureWorld(
      Array.from({ length: DATABASES }, (_, database) => ({ name: nameOf(database), accounts: 1 })),
    ),
  );
  const reads = new Count();
  const asked = new Count();
  const counted = new Proxy(cluster, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      if (property === 'catalog') return (database: string) => asked.during(() => target.catalog(database));
      return value.bind(target) as unknown;
    },
  });
  const tools: ReadinessTools = {
    known: {
      list: () =>
        Promise.resolve({
          backups: jobs.map(({ id, location, moment, createdAt }) => ({
            url: location,
            root: location,
            layer: 1,
            cluster: 'default',
            moment,
            finishedAt: createdAt,
            rows: 0,
            storedBytes: 0,
            job: id,
          })),
          more: false,
        }),
      placesOf: () => Promise.resolve(new Map()),
    },
    jobs: {
      finishedBackups: () => Promise.resolve(jobs.map((job) => ({ url: job.location, job }))),
      page: () => Promise.resolve({ jobs: [], next: null }),
      view: () => Promise.reject(new Error('no job is active')),
    },
    clusters: {
      overview: async () => [
        {
          name: 'default',
          redactedUrl: 'simulated://3',
          embedded: false,
          fixed: true,
          sameAs: [],
          status: 'up',
          info: { ...(await cluster.describe()), identity: IDENTITY },
        },
      ],
      connect: () => Promise.resolve(counted),
      databases: () => cluster.databases(),
    },
    destinations: { list: () => Promise.resolve([]) },
    proofs: { heads: () => Promise.resolve([]) },
    openStore: (location): Store => {
      const store = openStore(location, { externDir });
      return { ...wrapped(store), get: (name, range) => reads.during(() => store.get(name, range)) };
    },
    now: () => new Date(),
  };
  const readiness = new Readiness(tools);
  const [report, same] = await Promise.all([readiness.report(), readiness.report()]);
  expect(same).toBe(report);
  expect(report.entries).toHaveLength(DATABASES);
  expect(asked.most).toBeLessThanOrEqual(4);
  expect(asked.all).toBeLessThan(DATABASES);
  // What was not learnt in time is said.
  const notLearnt = report.entries.filter(
    ({ kind, facts }) => kind === 'target' && facts.unprotected.kind === 'unknown',
  );
  expect(notLearnt.length).toBeGreaterThan(0);
  for (const { verdict } of notLearnt) {
    expect(verdict.level).toBe('unknown');
    expect(verdict.reasons.map(({ kind }) => kind)).toContain('not-learnt');
  }
  // And is learnt meanwhile: each manifest once.
  const newest = async () =>
    (await readiness.report()).entries.filter(
      ({ kind, facts }) =>
        kind === 'target' && facts.point?.parts[0]?.url.startsWith('nodelocal://self/1/') === true,
    ).length;
  await expect.poll(newest, { timeout: 50_000, interval: 500 }).toBe(DATABASES);
  expect(reads.all).toBe(DATABASES);
  expect(reads.most).toBeLessThanOrEqual(2);
}, 60_000);

/** A store by its methods, so that one can be another. */
function wrapped(store: Store): Store {
  return {
    put: (name, body, options) => store.put(name, body, options),
    get: (name, range) => store.get(name, range),
    stat: (name) => store.stat(name),
    remove: (name) => store.remove(name),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
  };
}
