/** The engine process: coordinates jobs and works their tasks, as many as HOLDFAST_ENGINE_TASKS at once. */
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { checkKey } from './accounts/key-check.ts';
import { openSecrets } from './accounts/secrets.ts';
import { Turns } from './cluster/turns.ts';
import { readConfig } from './config.ts';
import { Destinations } from './destinations/destinations.ts';
import { HoldfastError } from './errors.ts';
import { systemClock } from './clock.ts';
import { ImportedBackups } from './imports/imported.ts';
import { enduring } from './jobs/enduring.ts';
import { EngineRoster } from './jobs/engines.ts';
import { StoredMomentOffers } from './jobs/moment-offers.ts';
import { BossQueue } from './jobs/queue.ts';
import { JobStore } from './jobs/store.ts';
import { TaskBoard } from './jobs/tasks.ts';
import { READ_STALL_MS } from './jobs/timing.ts';
import type { EngineTools } from './jobs/tools.ts';
import { startWork } from './jobs/work.ts';
import { ClusterRegistry } from './metadata/clusters.ts';
import { openMetadata } from './metadata/open.ts';
import { ProofStore } from './metadata/proofs.ts';
import { SnapshotKeeper } from './retention/keeper.ts';
import { Tender } from './retention/tender.ts';
import { runProcess } from './process.ts';
import type { Role } from './process.ts';
import { firstToKnow } from './storage/credentials.ts';
import { openStore, type StorageConfig } from './storage/open.ts';

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
  const queue = await BossQueue.open(config.metadataUrl, 'engine', logger);
  const clock = systemClock;
  const storage: StorageConfig = {
    externDir: config.externDir,
    saved: firstToKnow(
      new Destinations(metadata, secrets, clock.now),
      new ImportedBackups(metadata, secrets, clock.now),
    ),
  };
  const stopping = new AbortController();
  const tools: EngineTools = {
    engine: { name: `${hostname()}/${process.pid}`, locality: config.locality },
    jobs: enduring(new JobStore(metadata, secrets, clock.now), clock),
    tasks: enduring(new TaskBoard(metadata, clock.now), clock),
    roster: new EngineRoster(metadata),
    moments: enduring(new StoredMomentOffers(metadata), clock),
    proofs: enduring(new ProofStore(metadata), clock),
    queue: enduring(queue, clock),
    clusters,
    limits: config.limits,
    turns: new Turns(config.engineTasks),
    openStore: (location, onWait) => openStore(location, { ...storage, onWait }),
    logger,
    clock,
    patienceMs: config.patienceMs,
    readStallMs: READ_STALL_MS,
    stopping: stopping.signal,
  };
  const work = await startWork(tools, config.engineTasks);
  const snapshots = new SnapshotKeeper({
    keeper: tools.engine.name,
    retention: clusters.retention,
    connect: (name) => clusters.connect(name),
    logger,
    now: clock.now,
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
      await work.stop(GRACE_MS);
      await snapshots.stop();
      await tender.stop();
      await clusters.close();
      await metadata.close();
    },
  };
}

runProcess('engine', startEngine);
