/** The engine process: coordinates jobs and works their tasks, as many as HOLDFAST_ENGINE_TASKS at once. */
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { checkKey } from './accounts/key-check.ts';
import { openSecrets } from './accounts/secrets.ts';
import { Turns } from './cluster/turns.ts';
import { readConfig } from './config.ts';
import { Destinations } from './destinations/destinations.ts';
import { HoldfastError } from './errors.ts';
import { coordinate } from './jobs/coordinate.ts';
import { WorkQueue } from './jobs/queue.ts';
import { JobStore } from './jobs/store.ts';
import { workTask } from './jobs/task-worker.ts';
import { TaskBoard } from './jobs/tasks.ts';
import type { EngineTools } from './jobs/tools.ts';
import { ClusterRegistry } from './metadata/clusters.ts';
import { openMetadata } from './metadata/open.ts';
import { SnapshotKeeper } from './retention/keeper.ts';
import { Tender } from './retention/tender.ts';
import { runProcess } from './process.ts';
import type { Role } from './process.ts';
import { openStore, type StorageConfig } from './storage/open.ts';

/** Coordinating is mostly waiting; more jobs than this at once wait in the queue. */
const JOBS_AT_ONCE = 8;
const GRACE_MS = 3_000;

async function startEngine(logger: Logger): Promise<Role> {
  const config = readConfig();
  if (config.metadataUrl === null) {
    throw new HoldfastError('invalid-value', 'HOLDFAST_METADATA_URL is not set.', {
      hint: 'An engine works for the consoles that share its metadata store: give it their HOLDFAST_METADATA_URL.',
    });
  }
  const metadata = openMetadata(config.metadataUrl);
  const secrets = await openSecrets(config.dataDir);
  await checkKey(metadata, secrets);
  const clusters = new ClusterRegistry(metadata, secrets);
  const queue = await WorkQueue.open(config.metadataUrl, 'engine', logger);
  const now = (): Date => new Date();
  const storage: StorageConfig = {
    externDir: config.externDir,
    saved: new Destinations(metadata, secrets, now),
  };
  const stopping = new AbortController();
  const tools: EngineTools = {
    engine: `${hostname()}/${process.pid}`,
    jobs: new JobStore(metadata, secrets, now),
    tasks: new TaskBoard(metadata, now),
    queue,
    clusters,
    turns: new Turns(config.engineTasks),
    openStore: (location) => openStore(location, storage),
    logger,
    now,
    stopping: stopping.signal,
  };
  await queue.workTasks(config.engineTasks, (task) => workTask(task, tools));
  await queue.workJobs(JOBS_AT_ONCE, (jobId) => coordinate(jobId, tools));
  const snapshots = new SnapshotKeeper({
    keeper: tools.engine,
    retention: clusters.retention,
    connect: (name) => clusters.connect(name),
    logger,
    now,
  });
  snapshots.start();
  const tender = new Tender({
    clusters: () => clusters.names(),
    connect: (name) => clusters.connect(name),
    logger,
  });
  tender.start();
  return {
    async stop() {
      stopping.abort(new HoldfastError('canceled', 'the engine is stopping'));
      await queue.close(GRACE_MS);
      await snapshots.stop();
      await tender.stop();
      await clusters.close();
      await metadata.close();
    },
  };
}

runProcess('engine', startEngine);
