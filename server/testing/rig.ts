import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Accounts } from '../accounts/accounts.ts';
import { ensureRoot } from '../accounts/bootstrap.ts';
import { openSecrets } from '../accounts/secrets.ts';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import type { TestServer } from '../cluster/postgres/test-server.ts';
import { type Clock, systemClock } from '../clock.ts';
import { Turns } from '../cluster/turns.ts';
import { ConnectionTests } from '../destinations/connection-test.ts';
import { Destinations } from '../destinations/destinations.ts';
import type { JobEvent, JobId } from '../jobs/job.ts';
import { ImportedBackups } from '../imports/imported.ts';
import { Importer } from '../imports/importer.ts';
import { KnownBackups } from '../imports/known.ts';
import { JobLog } from '../jobs/log.ts';
import { EngineRoster } from '../jobs/engines.ts';
import { enduring } from '../jobs/enduring.ts';
import type { Limits } from '../jobs/limits.ts';
import { StoredMomentOffers } from '../jobs/moment-offers.ts';
import { BossQueue } from '../jobs/queue.ts';
import { JobStore } from '../jobs/store.ts';
import { TaskBoard } from '../jobs/tasks.ts';
import { READ_STALL_MS } from '../jobs/timing.ts';
import type { EngineTools } from '../jobs/tools.ts';
import { startWork } from '../jobs/work.ts';
import { ClusterRegistry } from '../metadata/clusters.ts';
import { migrate, openMetadata } from '../metadata/open.ts';
import type { Metadata } from '../metadata/open.ts';
import { ProofStore } from '../metadata/proofs.ts';
import { Readiness } from '../restore/readiness/gather.ts';
import { BackupBrowser } from '../restore/browse/browser.ts';
import { BackedUpUsers } from '../restore/recreate-users.ts';
import type { Services } from '../services.ts';
import type { Answer } from '../statement/answers.ts';
import { StatementExecutor } from '../statement/execute.ts';
import { parseStatements } from '../statement/parse.ts';
import { firstToKnow } from '../storage/credentials.ts';
import { openStore, type StorageConfig } from '../storage/open.ts';
import { PROBE_TUNING } from '../storage/probe.ts';
import type { Store } from '../storage/store.ts';
import type { Tuning } from '../storage/tuning.ts';
import { startWireServer, type WireServer } from '../wire/server.ts';

export const ROOT_PASSWORD = 'root’s pässword 1';

/** A console's services and engines in this process, on a PostgreSQL server of their own. */
export interface Rig {
  server: TestServer;
  metadata: Metadata;
  services: Services;
  jobStore: JobStore;
  externDir: string;
  /** Starts an engine; answers how to stop it. */
  startEngine(options?: EngineOptions): Promise<() => Promise<void>>;
  /** Runs a text of statements as root on the cluster `default`; answers the last one's answer. */
  run(sql: string, notices?: string[]): Promise<Answer>;
  /** Starts the PostgreSQL wire endpoint, for `ROOT_PASSWORD`; answers its port. */
  listen(): Promise<number>;
  /** All events of a job until now, those too that nobody is told any more who begins to watch. */
  events(id: JobId | string): Promise<JobEvent[]>;
  stop(): Promise<void>;
}

export interface EngineOptions {
  tasks?: number;
  locality?: string;
  limits?: Partial<Limits>;
  /** As of EngineTools. */
  patienceMs?: number;
  /** As of EngineTools. */
  mergeBytes?: number;
  readStallMs?: number;
  clock?: Clock;
}

export interface RigOptions {
  /** What the cluster `default` is, instead of the rig's own server. */
  clusterUrl?: string;
  /** Where the programs of the rig's own server are; as of TestServerOptions. */
  serverBin?: string;
  /** How patient stores are. */
  tuning?: Tuning;
  /** What is put around each store that is opened. */
  around?: (store: Store) => Store;
}

/**
 * Starts a server, a metadata store and a console's services. The cluster `default` is the server, or what
 * `clusterUrl` names. Engines are started by the test.
 */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const logger = pino({ level: process.env['HOLDFAST_TEST_LOG'] ?? 'silent' });
  const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-rig-'));
  const externDir = path.join(directory, 'extern');
  const server = await startTestServer({ bin: options.serverBin });
  await server.exec('postgres', 'CREATE DATABASE holdfast');
  const metadataUrl = server.url.replace(/\/postgres$/, '/holdfast');
  const metadata = openMetadata(metadataUrl);
  await migrate(metadata);
  await ensureRoot(metadata, ROOT_PASSWORD);
  const secrets = await openSecrets(directory);
  const clusters = new ClusterRegistry(metadata, secrets);
  await clusters.register('default', options.clusterUrl ?? server.url, { embedded: false });
  const { now } = systemClock;
  const jobStore = new JobStore(metadata, secrets, now);
  const jobs = new JobLog(metadata);
  const queue = await BossQueue.open(metadataUrl, 'console', logger);
  const { tuning, around = (store) => store } = options;
  const destinations = new Destinations(metadata, secrets, now);
  const imported = new ImportedBackups(metadata, secrets, now);
  const known = new KnownBackups(jobs, imported);
  const storage: StorageConfig = { externDir, saved: firstToKnow(destinations, imported), tuning };
  const open: EngineTools['openStore'] = (location, onWait) =>
    around(openStore(location, { ...storage, onWait }));
  const statements = new StatementExecutor({
    clusters,
    jobStore,
    jobLog: jobs,
    known,
    queue,
    openStore: open,
    now,
  });
  const proofs = new ProofStore(metadata);
  const services: Services = {
    accounts: new Accounts(metadata, { now, secureCookies: false }),
    clusters,
    destinations,
    connectionTests: new ConnectionTests({
      destinations,
      openStore: (location) => openStore(location, { ...storage, tuning: PROBE_TUNING }),
    }),
    jobs,
    readiness: new Readiness({
      known,
      jobs,
      clusters,
      destinations,
      proofs,
      openStore: open,
      now,
    }),
    proofs,
    known,
    importer: new Importer({ destinations, imported, known, openStore: open }),
    statements,
    users: new BackedUpUsers({ connect: (name) => clusters.connect(name), openStore: open }),
    browser: new BackupBrowser(open),
  };
  const engines = new Set<() => Promise<void>>();
  let wire: WireServer | null = null;

  let started = 0;
  async function startEngine({
    tasks = 4,
    locality = '',
    limits,
    patienceMs = 600_000,
    mergeBytes,
    readStallMs = READ_STALL_MS,
    clock = systemClock,
  }: EngineOptions = {}): Promise<() => Promise<void>> {
    const stopping = new AbortController();
    const engineQueue = await BossQueue.open(metadataUrl, 'engine', logger);
    const engineClusters = new ClusterRegistry(metadata, secrets);
    const tools: EngineTools = {
      engine: { name: `${hostname()}/${process.pid}-${++started}`, locality },
      jobs: enduring(jobStore, clock),
      tasks: enduring(new TaskBoard(metadata, now), clock),
      roster: new EngineRoster(metadata),
      moments: enduring(new StoredMomentOffers(metadata), clock),
      proofs: enduring(new ProofStore(metadata), clock),
      queue: enduring(engineQueue, clock),
      clusters: engineClusters,
      limits: { node: 12, job: 1000, all: 1000, ...limits },
      turns: new Turns(tasks),
      openStore: open,
      logger,
      clock,
      patienceMs,
      mergeBytes,
      readStallMs,
      stopping: stopping.signal,
    };
    const work = await startWork(tools, tasks);
    const stop = async (): Promise<void> => {
      engines.delete(stop);
      stopping.abort(new Error('the engine is stopping'));
      await work.stop(2_000);
      await engineClusters.close();
    };
    engines.add(stop);
    return stop;
  }

  return {
    server,
    metadata,
    services,
    jobStore,
    externDir,
    startEngine,
    async run(sql, notices = []) {
      let answer: Answer | null = null;
      for (const statement of parseStatements(sql)) {
        answer = await statements.run(statement, {
          cluster: 'default',
          user: 'root',
          signal: new AbortController().signal,
          notice: (message, severity = 'NOTICE') => notices.push(`${severity}: ${message}`),
        });
      }
      if (answer === null) throw new Error('no statement');
      return answer;
    },
    async listen() {
      wire ??= await startWireServer({
        host: '127.0.0.1',
        port: 0,
        authenticate: (user, password) => services.accounts.check(user, password, 'sql'),
        clusterExists: (name) => clusters.exists(name),
        runner: statements,
        logger,
      });
      return wire.port;
    },
    async events(id) {
      const rows = await metadata.db
        .selectFrom('job_events')
        .select(['seq', 'at', 'body'])
        .where('job_id', '=', id)
        .orderBy('seq')
        .execute();
      return rows.map(({ seq, at, body }) => ({ ...body, seq: Number(seq), at: at.toISOString() }));
    },
    async stop() {
      await wire?.close();
      for (const stop of [...engines]) await stop();
      await queue.close(0);
      await clusters.close();
      await metadata.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
