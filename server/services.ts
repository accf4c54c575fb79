import type { Accounts } from './accounts/accounts.ts';
import type { ClusterRegistry } from './metadata/clusters.ts';
import type { ConnectionTests } from './destinations/connection-test.ts';
import type { Destinations } from './destinations/destinations.ts';
import type { Importer } from './imports/importer.ts';
import type { KnownBackups } from './imports/known.ts';
import type { JobLog } from './jobs/log.ts';
import type { Readiness } from './restore/readiness/gather.ts';
import type { ProofStore } from './metadata/proofs.ts';
import type { BackupBrowser } from './restore/browse/browser.ts';
import type { BackedUpUsers } from './restore/recreate-users.ts';
import type { StatementExecutor } from './statement/execute.ts';

/** What the browser's procedures and the wire endpoint work with; made once a process. */
export interface Services {
  accounts: Accounts;
  clusters: ClusterRegistry;
  destinations: Destinations;
  connectionTests: ConnectionTests;
  jobs: JobLog;
  readiness: Readiness;
  known: KnownBackups;
  importer: Importer;
  proofs: ProofStore;
  statements: StatementExecutor;
  users: BackedUpUsers;
  browser: BackupBrowser;
}
