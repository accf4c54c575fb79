import type { Selectable } from 'kysely';
import type { Cluster, ClusterInfo, DatabaseInfo } from '../cluster/cluster.ts';
import { connectCluster, openCluster } from '../cluster/open.ts';
import type { ClusterProbe } from '../cluster/probe.ts';
import { probeCluster } from '../cluster/probe.ts';
import { redactClusterUrl, withStoredSecrets } from '../cluster/url-secrets.ts';
import { HoldfastError } from '../errors.ts';
import type { Secrets } from '../accounts/secrets.ts';
import { ClusterAnswers } from './cluster-answers.ts';
import { parseClusterName } from './cluster-name.ts';
import type { Metadata } from './open.ts';
import { Retention } from './retention.ts';
import type { MetadataTables } from './schema.ts';

/** The name of the cluster that HOLDFAST_CLUSTER_URL, or the embedded PostgreSQL, is registered under at each start. */
export const DEFAULT_CLUSTER = 'default';

/** A registered cluster, and what it answers right now. */
export type ClusterState = {
  name: string;
  redactedUrl: string;
  embedded: boolean;
  /** Registered by the environment: it can't be changed or removed from here. */
  fixed: boolean;
} & (
  | { status: 'up'; info: ClusterInfo }
  | { status: 'down'; error: { code: string; message: string; hint: string | null } }
);

export type ClusterOverview = ClusterState & {
  /** Names of other registrations that turned out to be the same cluster. */
  sameAs: string[];
};

export type ClusterDetails = ClusterState & {
  /** ISO 8601, UTC. */
  registeredAt: string;
  /** Its jobs that haven't ended. */
  activeJobs: number;
};

/** What a connection test found. */
export interface ClusterTest extends ClusterProbe {
  /** Names of registrations that are this cluster already. */
  sameAs: string[];
}

type ClusterRow = Selectable<MetadataTables['clusters']>;

const SEAL_PURPOSE = 'cluster-url';
const ENDED = ['succeeded', 'failed', 'canceled'] as const;

/** The clusters that root registered, and one open connection to each that is in use. */
export class ClusterRegistry {
  readonly #metadata: Metadata;
  readonly #secrets: Secrets;
  readonly #answers = new ClusterAnswers();
  /** The past of clusters that keep none by themselves. */
  readonly retention: Retention;
  readonly #open = new Map<string, { url: string; cluster: Promise<Cluster> }>();
  readonly #retired: Promise<Cluster>[] = [];

  constructor(metadata: Metadata, secrets: Secrets) {
    this.#metadata = metadata;
    this.#secrets = secrets;
    this.retention = new Retention(metadata);
  }

  /** Registers a cluster of the environment, or gives one that is there another URL. */
  async register(name: string, url: string, options: { embedded: boolean }): Promise<void> {
    const values = { ...this.#stored(url), embedded: options.embedded };
    await this.#metadata.db
      .insertInto('clusters')
      .values({ name, ...values, created_at: new Date() })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
      .execute();
  }

  /**
   * Registers a cluster by hand, once it has answered; `untested` takes it as it is, for one that is down now. Answers
   * the name. Throws `invalid-value`, `duplicate-object` and what the test throws, about the field `name` or `url`.
   */
  async add(typedName: string, typedUrl: string, options: { untested: boolean }): Promise<string> {
    const name = parseClusterName(typedName);
    if (await this.exists(name)) throw taken(name);
    const url = withStoredSecrets(typedUrl.trim(), null);
    await this.#assertUsable(url, options);
    const { numInsertedOrUpdatedRows } = await this.#metadata.db
      .insertInto('clusters')
      .values({ name, ...this.#stored(url), embedded: false, created_at: new Date() })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) throw taken(name);
    return name;
  }

  /** Gives a cluster another URL, in which `redacted` stands for what is stored. Refuses what `add` refuses. */
  async changeUrl(name: string, typedUrl: string, options: { untested: boolean }): Promise<void> {
    const row = await this.#row(name);
    assertNotFixed(row, 'changed');
    const url = withStoredSecrets(typedUrl.trim(), this.#urlOf(row));
    await this.#assertUsable(url, options);
    await this.#metadata.db.updateTable('clusters').set(this.#stored(url)).where('name', '=', name).execute();
  }

  /**
   * Forgets a cluster; nothing of the cluster itself is touched, and its jobs stay listed. Throws `not-allowed` for one
   * that the environment registers, `job-state` while it has jobs that haven't ended.
   */
  async remove(name: string): Promise<void> {
    assertNotFixed(await this.#row(name), 'removed');
    const active = await this.activeJobs(name);
    if (active > 0) {
      throw new HoldfastError(
        'job-state',
        `cluster "${name}" has ${active === 1 ? 'a job that hasn’t' : `${active} jobs that haven’t`} ended`,
        { hint: 'Wait for its jobs, or cancel them, before you remove it.' },
      );
    }
    await this.#metadata.db.deleteFrom('clusters').where('name', '=', name).execute();
    this.#retire(name);
  }

  /** How many jobs of a cluster haven't ended. */
  async activeJobs(name: string): Promise<number> {
    const { count } = await this.#metadata.db
      .selectFrom('jobs')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .where('cluster', '=', name)
      .where('state', 'not in', ENDED)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /**
   * Connects to a URL, stores nothing, leaves nothing open. With the name of a registered cluster, `redacted` in the URL
   * stands for what is stored for that one. Throws what is wrong, about the field `url`.
   */
  async test(typedUrl: string, name: string | null): Promise<ClusterTest> {
    const stored = name === null ? null : this.#urlOf(await this.#row(name));
    const probe = await probeCluster(withStoredSecrets(typedUrl.trim(), stored));
    const others = (await this.overview()).filter((other) => other.name !== name);
    return { ...probe, sameAs: namesOf(others, probe.info.identity) };
  }

  /** The names of all registered clusters, in order. */
  async names(): Promise<string[]> {
    const rows = await this.#metadata.db.selectFrom('clusters').select('name').orderBy('name').execute();
    return rows.map(({ name }) => name);
  }

  async exists(name: string): Promise<boolean> {
    const row = await this.#metadata.db
      .selectFrom('clusters')
      .select('name')
      .where('name', '=', name)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** The cluster's adapter, shared by everyone in this process. Throws `undefined-cluster`. */
  async connect(name: string): Promise<Cluster> {
    const row = await this.#row(name);
    return this.#connected(name, this.#urlOf(row));
  }

  /** Every registered cluster with what it says of itself, asked side by side; none is waited for long. */
  async overview(): Promise<ClusterOverview[]> {
    const rows = await this.#metadata.db.selectFrom('clusters').selectAll().orderBy('name').execute();
    const asked = await Promise.all(rows.map((row) => this.#ask(row)));
    return asked.map((cluster) => ({
      ...cluster,
      sameAs:
        cluster.status === 'down'
          ? []
          : namesOf(asked, cluster.info.identity).filter((name) => name !== cluster.name),
    }));
  }

  /** One registered cluster with what it says of itself. Throws `undefined-cluster`. */
  async details(name: string): Promise<ClusterDetails> {
    const row = await this.#row(name);
    const [state, activeJobs] = await Promise.all([this.#ask(row), this.activeJobs(name)]);
    return { ...state, registeredAt: row.created_at.toISOString(), activeJobs };
  }

  /** A cluster's databases; the metadata store's own, where it is one of them, counts as a system database. */
  async databases(name: string): Promise<DatabaseInfo[]> {
    const cluster = await this.connect(name);
    const own = metadataDatabase(this.#metadata.url, this.#open.get(name)?.url);
    return (await cluster.databases()).map((database) => ({
      ...database,
      system: database.system || database.name === own,
    }));
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()].map(({ cluster }) => cluster);
    const closing = [...open, ...this.#retired.splice(0)].map(async (cluster) => (await cluster).close());
    await Promise.allSettled(closing);
    this.#open.clear();
  }

  async #row(name: string): Promise<ClusterRow> {
    const row = await this.#metadata.db
      .selectFrom('clusters')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    if (row !== undefined) return row;
    // Perhaps another console removed it.
    this.#retire(name);
    throw new HoldfastError('undefined-cluster', `cluster "${name}" does not exist`, {
      field: 'cluster',
      hint: 'The Clusters page lists the registered ones.',
    });
  }

  async #connected(name: string, url: string): Promise<Cluster> {
    const known = this.#open.get(name);
    if (known?.url === url) return known.cluster;
    this.#retire(name);
    const cluster = connectCluster(url, { past: this.retention.pastOf(name) });
    this.#open.set(name, { url, cluster });
    // One that can't be reached now is asked again by whoever needs it next.
    cluster.catch(() => {
      if (this.#open.get(name)?.cluster === cluster) this.#open.delete(name);
    });
    return cluster;
  }

  /** The old adapter may be serving someone, and closing would cut that off: it goes with the process. */
  #retire(name: string): void {
    const known = this.#open.get(name);
    if (known === undefined) return;
    this.#open.delete(name);
    this.#retired.push(known.cluster);
  }

  async #ask(row: ClusterRow): Promise<ClusterState> {
    const common = {
      name: row.name,
      redactedUrl: row.url_redacted,
      embedded: row.embedded,
      fixed: isFixed(row),
    };
    try {
      const url = this.#urlOf(row);
      const info = await this.#answers.ask(row.name, url, async () =>
        (await this.#connected(row.name, url)).describe(),
      );
      return { ...common, status: 'up', info };
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return {
        ...common,
        status: 'down',
        error: { code: error.code, message: error.message, hint: error.hint ?? null },
      };
    }
  }

  async #assertUsable(url: string, { untested }: { untested: boolean }): Promise<void> {
    if (untested) await assertUrl(url);
    else await probeCluster(url);
  }

  #stored(url: string): { url_sealed: string; url_redacted: string } {
    return { url_sealed: this.#secrets.seal(url, SEAL_PURPOSE), url_redacted: redactClusterUrl(url) };
  }

  #urlOf(row: ClusterRow): string {
    return this.#secrets.unseal(row.url_sealed, SEAL_PURPOSE);
  }
}

function isFixed(row: ClusterRow): boolean {
  return row.embedded || row.name === DEFAULT_CLUSTER;
}

function assertNotFixed(row: ClusterRow, participle: string): void {
  if (!isFixed(row)) return;
  throw new HoldfastError(
    'not-allowed',
    `cluster "${row.name}" is registered by the environment and can’t be ${participle} here`,
    { hint: 'HOLDFAST_CLUSTER_URL says what it is; set it and start Holdfast again.' },
  );
}

function taken(name: string): HoldfastError {
  return new HoldfastError('duplicate-object', `cluster "${name}" exists already`, {
    hint: 'Choose another name, or change the URL of that one.',
    field: 'name',
  });
}

/** Throws, about the field `url`, for what can't be a cluster's URL, without connecting. */
async function assertUrl(url: string): Promise<void> {
  try {
    await openCluster(url).close();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    throw error.about('url');
  }
}

/** Names of the clusters that have this identity. */
function namesOf(clusters: readonly ClusterState[], identity: string): string[] {
  return clusters
    .filter((cluster) => cluster.status === 'up' && cluster.info.identity === identity)
    .map(({ name }) => name);
}

/** The metadata store's database, when it is on the server of `clusterUrl`. */
function metadataDatabase(metadataUrl: string, clusterUrl: string | undefined): string | null {
  if (clusterUrl === undefined || !URL.canParse(clusterUrl) || !URL.canParse(metadataUrl)) return null;
  const [cluster, store] = [new URL(clusterUrl), new URL(metadataUrl)];
  if (cluster.hostname !== store.hostname || (cluster.port || '5432') !== (store.port || '5432')) return null;
  return decodeURIComponent(store.pathname.slice(1));
}
