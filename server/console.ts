/** The console process: pages, the API behind them, and the PostgreSQL wire endpoint. It keeps no state. */
import path from 'node:path';
import type { Server } from 'node:http';
import next from 'next';
import type { Logger } from 'pino';
import { Accounts } from './accounts/accounts.ts';
import { checkKey } from './accounts/key-check.ts';
import { openSecrets } from './accounts/secrets.ts';
import { readConfig } from './config.ts';
import { ConnectionTests } from './destinations/connection-test.ts';
import { Destinations } from './destinations/destinations.ts';
import { HoldfastError } from './errors.ts';
import { createConsoleServer } from './http/server.ts';
import { ImportedBackups } from './imports/imported.ts';
import { Importer } from './imports/importer.ts';
import { KnownBackups } from './imports/known.ts';
import { JobLog } from './jobs/log.ts';
import { BossQueue } from './jobs/queue.ts';
import { JobStore } from './jobs/store.ts';
import { ClusterRegistry } from './metadata/clusters.ts';
import { openMetadata } from './metadata/open.ts';
import { ProofStore } from './metadata/proofs.ts';
import { runProcess } from './process.ts';
import type { Role } from './process.ts';
import type { Services } from './services.ts';
import { Readiness } from './restore/readiness/gather.ts';
import { BackupBrowser } from './restore/browse/browser.ts';
import { BackedUpUsers } from './restore/recreate-users.ts';
import { StatementExecutor } from './statement/execute.ts';
import type { Location } from './storage/location.ts';
import { firstToKnow } from './storage/credentials.ts';
import { openStore, type StorageConfig } from './storage/open.ts';
import { PROBE_TUNING } from './storage/probe.ts';
import type { Store } from './storage/store.ts';
import { BRISK_TUNING } from './storage/tuning.ts';
import { startWireServer } from './wire/server.ts';

async function startConsole(logger: Logger): Promise<Role> {
  const config = readConfig();
  if (config.metadataUrl === null) {
    throw new HoldfastError('invalid-value', 'HOLDFAST_METADATA_URL is not set.', {
      hint: 'npm start sets it; a console that is started by itself needs it.',
    });
  }
  const now = (): Date => new Date();
  const metadata = openMetadata(config.metadataUrl);
  const secrets = await openSecrets(config.dataDir);
  await checkKey(metadata, secrets);
  const clusters = new ClusterRegistry(metadata, secrets);
  const jobs = new JobLog(metadata);
  const queue = await BossQueue.open(config.metadataUrl, 'console', logger);
  const accounts = new Accounts(metadata, { now, secureCookies: false });
  const destinations = new Destinations(metadata, secrets, now);
  const imported = new ImportedBackups(metadata, secrets, now);
  const known = new KnownBackups(jobs, imported);
  const storage: StorageConfig = {
    externDir: config.externDir,
    saved: firstToKnow(destinations, imported),
    tuning: BRISK_TUNING,
  };
  const open = (location: Location): Store => openStore(location, storage);
  const connectionTests = new ConnectionTests({
    destinations,
    openStore: (location) => openStore(location, { ...storage, tuning: PROBE_TUNING }),
  });
  const statements = new StatementExecutor({
    clusters,
    jobStore: new JobStore(metadata, secrets, now),
    jobLog: jobs,
    known,
    queue,
    openStore: open,
    now,
  });
  const users = new BackedUpUsers({ connect: (name) => clusters.connect(name), openStore: open });
  const proofs = new ProofStore(metadata);
  const readiness = new Readiness({ known, jobs, clusters, destinations, proofs, openStore: open, now });
  const services: Services = {
    accounts,
    clusters,
    destinations,
    connectionTests,
    jobs,
    readiness,
    proofs,
    known,
    importer: new Importer({ destinations, imported, known, openStore: open }),
    statements,
    users,
    browser: new BackupBrowser(open),
  };

  const pages = next({ dev: false, quiet: true, dir: path.resolve(import.meta.dirname, '..') });
  await pages.prepare();
  const handler = pages.getRequestHandler();
  const server = createConsoleServer({
    services,
    metadata,
    logger,
    pages: (request, response) => handler(request, response),
  });
  await listen(server, config.port, config.host);
  const wire = await startWireServer({
    host: config.host,
    port: config.sqlPort,
    authenticate: (user, password) => accounts.check(user, password, 'sql'),
    clusterExists: (name) => clusters.exists(name),
    runner: statements,
    logger,
  });
  return {
    async stop() {
      server.close();
      // Live pages hold their streams open for as long as they are allowed to.
      server.closeAllConnections();
      await wire.close();
      await pages.close();
      await queue.close(0);
      await clusters.close();
      await metadata.close();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

runProcess('console', startConsole);
