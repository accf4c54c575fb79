import type { Cluster, DatabaseInfo } from '../../cluster/cluster.ts';
import { nameKey } from '../../cluster/names.ts';
import type { SavedDestination } from '../../destinations/destinations.ts';
import type { KnownBackups } from '../../imports/known.ts';
import type { JobLog } from '../../jobs/log.ts';
import type { ClusterOverview } from '../../metadata/clusters.ts';
import type { ProofHead } from '../../metadata/proofs.ts';
import type { Location } from '../../storage/location.ts';
import type { Store } from '../../storage/store.ts';
import { SCRATCH_PREFIX } from '../drill/aim.ts';
import { HOLDFAST_VERSION } from '../../version.ts';
import { Asked } from './asked.ts';
import { Deadline } from './deadline.ts';
import { examineAll, type Group } from './examine.ts';
import type { TargetFacts, UnprotectedDatabases } from './facts.ts';
import { judgeDatabases, judgeTarget, worstFirst } from './judge.ts';
import { knownBackups } from './known.ts';
import { type LiveDatabase, LiveDatabases } from './live.ts';
import { deadlineOf, unprotectedOf } from './live-facts.ts';
import { type Timed, paceOf, timedOf } from './pace.ts';
import { destinationOf } from './place.ts';
import { databasesOfGroups, recoveryOf, urlsOf } from './points.ts';
import { drillOf, verifyOf } from './proofs.ts';
import { activeWork, type ActiveWork, runningOn } from './running.ts';
import { type Read, Shelf } from './shelf.ts';
import { type Source, sourcesOf } from './sources.ts';
import type { ReadinessEntry } from './verdict.ts';

/** What hasn't answered by then is said not to have, in milliseconds. */
export interface Patience {
  /** Manifests. */
  readingMs: number;
  /** And then databases, which are asked once it is known which have backups. */
  askingMs: number;
}

/** A page waits for it. */
const PATIENCE: Patience = { readingMs: 4_000, askingMs: 4_000 };
/** Who asks at the same time, or right after, gets the same answer. */
const SHARED_MS = 1_000;
/** Restores that pages look at to tell how fast they are. */
const RESTORES = 100;

/** What readiness asks. */
export interface ReadinessTools {
  known: Pick<KnownBackups, 'list' | 'placesOf'>;
  jobs: Pick<JobLog, 'finishedBackups' | 'page' | 'view'>;
  clusters: {
    overview(): Promise<ClusterOverview[]>;
    connect(name: string): Promise<Cluster>;
    databases(name: string): Promise<DatabaseInfo[]>;
  };
  destinations: { list(): Promise<SavedDestination[]> };
  proofs: { heads(locations: readonly string[]): Promise<ProofHead[]> };
  openStore: (location: Location) => Store;
  now: () => Date;
}

/** What is known of the readiness of all that is protected, the worst first. */
export interface ReadinessReport {
  /** When it was so, ISO 8601, UTC. */
  at: string;
  /** Of the console. */
  version: string;
  /** How many clusters are registered. */
  clusters: number;
  /** Databases of known backups, and of registered clusters. */
  entries: ReadinessEntry[];
}

/** Learns what there is to know of every protected target, as far as it can be told within seconds. */
export class Readiness {
  readonly #tools: ReadinessTools;
  readonly #patience: Patience;
  readonly #shelf: Shelf;
  readonly #live: LiveDatabases;
  readonly #databases: Asked<DatabaseInfo[] | null>;
  readonly #reports: Asked<ReadinessReport | Error>;

  constructor(tools: ReadinessTools, patience = PATIENCE) {
    this.#tools = tools;
    this.#patience = patience;
    const now = (): number => tools.now().getTime();
    this.#shelf = new Shelf(tools.openStore, now);
    this.#live = new LiveDatabases(now);
    this.#databases = new Asked(() => SHARED_MS, now, 1_000);
    this.#reports = new Asked((report) => (report instanceof Error ? 0 : SHARED_MS), now, 1);
  }

  /** Throws what the metadata store throws; all else is told in the report. */
  async report(): Promise<ReadinessReport> {
    const report = await this.#reports.of('', () =>
      this.#gather().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
    );
    if (report instanceof Error) throw report;
    return report;
  }

  async #gather(): Promise<ReadinessReport> {
    const { jobs, clusters, destinations, now } = this.#tools;
    const { readingMs, askingMs } = this.#patience;
    const reading = new Deadline(readingMs);
    const asking = new Deadline(readingMs + askingMs);
    try {
      const [groups, registered, saved, active, restores] = await Promise.all([
        this.#examine(reading),
        clusters.overview(),
        destinations.list(),
        activeWork(jobs),
        jobs.page({ kind: 'RESTORE', state: 'succeeded', limit: RESTORES }),
      ]);
      const sources = sourcesOf(groups, registered);
      const proofs = await this.#tools.proofs.heads([...new Set(groups.flatMap(urlsOf))]);
      const common = { proofs, timed: timedOf(proofs, restores.jobs), saved, active };
      const facts = await Promise.all(sources.map((source) => this.#ofSource(source, common, asking)));
      const at = now().getTime();
      return {
        at: new Date(at).toISOString(),
        version: HOLDFAST_VERSION,
        clusters: registered.length,
        entries: worstFirst(
          facts.flatMap(({ targets, unprotected }): ReadinessEntry[] => [
            ...targets.map((one) => ({
              kind: 'target' as const,
              facts: one,
              verdict: judgeTarget(one, at),
            })),
            ...(unprotected === null
              ? []
              : [
                  {
                    kind: 'databases' as const,
                    facts: unprotected,
                    verdict: judgeDatabases(unprotected),
                  },
                ]),
          ]),
        ),
      };
    } finally {
      reading.close();
      asking.close();
    }
  }

  async #examine(deadline: Deadline): Promise<Group[]> {
    const since = this.#tools.now().getTime();
    const { known, jobs } = this.#tools;
    const read = (url: string): Promise<Read> => this.#shelf.read(url, deadline, since);
    return examineAll(await knownBackups(known, jobs), read, known);
  }

  async #ofSource(
    source: Source,
    common: Common,
    deadline: Deadline,
  ): Promise<{ targets: TargetFacts[]; unprotected: UnprotectedDatabases | null }> {
    const backedUp = databasesOfGroups(source.groups);
    const there = source.info === null ? null : await this.#databasesOf(source.name, deadline);
    const names = there === null ? null : new Set(there.map(({ name }) => name));
    const without = (there ?? []).filter(
      ({ name, system }) => !system && !name.startsWith(SCRATCH_PREFIX) && !backedUp.includes(name),
    );
    const [targets, databases] = await Promise.all([
      Promise.all(
        backedUp.map((database) => {
          const present = names === null ? null : names.has(database);
          return this.#ofTarget(source, database, present, common, deadline);
        }),
      ),
      Promise.all(
        without.map(async ({ name }) => {
          const live = await this.#ask(source, name, null, deadline);
          return { name, tables: live.kind === 'known' ? live.tables.length : null };
        }),
      ),
    ]);
    // There is nothing to lose in an empty one.
    const unprotected = databases.filter(({ tables }) => tables !== 0);
    const unknown = targets.length > 0 || there !== null ? null : whyUnknown(source);
    const running = common.active.filter(({ cluster, kind }) => cluster === source.name && kind === 'BACKUP');
    return {
      targets,
      unprotected:
        unprotected.length === 0 && unknown === null
          ? null
          : {
              key: source.key,
              cluster: source.name,
              databases: unprotected,
              unknown,
              running: running.map(({ jobId, kind, state }) => ({ jobId, kind, state })),
            },
    };
  }

  async #ofTarget(
    source: Source,
    database: string,
    present: boolean | null,
    common: Common,
    deadline: Deadline,
  ): Promise<TargetFacts> {
    const ask = source.info !== null && present !== false;
    const first = recoveryOf(database, source.groups, null);
    // The newest backup of the point stays the same, whichever of the older ones still count.
    const live = ask ? await this.#ask(source, database, first.moment, deadline) : null;
    const tables = live?.kind === 'known' ? new Set(live.tables.map(nameKey)) : null;
    const recovery = tables === null ? first : recoveryOf(database, source.groups, tables);
    const { point, chain, layers } = recovery;
    const newest = layers.at(-1);
    const urls = new Set([...recovery.urls, ...layers]);
    const own = common.proofs.filter(({ location }) => urls.has(location));
    return {
      key: JSON.stringify([source.key, database]),
      cluster: source.name,
      database,
      source: source.state,
      present,
      point,
      chain,
      pace:
        point === null || newest === undefined
          ? null
          : paceOf(common.timed, point.bytes, {
              backup: newest,
              target: urls,
              cluster: new Set(source.groups.flatMap(urlsOf)),
            }),
      missing: recovery.missing,
      verify: verifyOf(own, layers),
      drill: drillOf(own, newest),
      deadline: deadlineOf(source.info, live, recovery),
      unprotected: unprotectedOf(live, recovery.tables),
      destination: chain === null ? null : destinationOf(chain, common.saved),
      running: runningOn(common.active, source.name, database, urls),
    };
  }

  #ask(
    source: Source,
    database: string,
    moment: Parameters<LiveDatabases['ask']>[3],
    deadline: Deadline,
  ): Promise<LiveDatabase> {
    const { clusters } = this.#tools;
    return this.#live.ask(source.name, () => clusters.connect(source.name), database, moment, deadline);
  }

  #databasesOf(cluster: string, deadline: Deadline): Promise<DatabaseInfo[] | null> {
    const answer = this.#databases.of(cluster, () =>
      this.#tools.clusters.databases(cluster).catch(() => null),
    );
    return deadline.by(answer);
  }
}

/** Why nothing is known of a cluster's databases. */
function whyUnknown({ state }: Source): string {
  return state.state === 'down' ? state.why : 'it has not said in time which databases it has.';
}

interface Common {
  proofs: readonly ProofHead[];
  timed: readonly Timed[];
  saved: readonly SavedDestination[];
  active: readonly ActiveWork[];
}
