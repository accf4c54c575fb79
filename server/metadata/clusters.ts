import type { Cluster, ClusterInfo, DatabaseInfo } from '../cluster/cluster.ts';
import { connectCluster, redactClusterUrl } from '../cluster/open.ts';
import { HoldfastError } from '../errors.ts';
import type { Secrets } from '../accounts/secrets.ts';
import type { Metadata } from './open.ts';

/** A registered cluster, and what it answers right now. */
export type ClusterOverview = { name: string; redactedUrl: string; embedded: boolean } & (
  | { status: 'up'; info: ClusterInfo }
  | { status: 'down'; error: { code: string; message: string; hint: string | null } }
);

const SEAL_PURPOSE = 'cluster-url';

/** The clusters that root registered, and one open connection to each that is in use. */
export class ClusterRegistry {
  readonly #metadata: Metadata;
  readonly #secrets: Secrets;
  readonly #open = new Map<string, { url: string; cluster: Promise<Cluster> }>();
  readonly #retired: Promise<Cluster>[] = [];

  constructor(metadata: Metadata, secrets: Secrets) {
    this.#metadata = metadata;
    this.#secrets = secrets;
  }

  /** Registers a cluster, or gives one that is there another URL. */
  async register(name: string, url: string, options: { embedded: boolean }): Promise<void> {
    const values = {
      url_sealed: this.#secrets.seal(url, SEAL_PURPOSE),
      url_redacted: redactClusterUrl(url),
      embedded: options.embedded,
    };
    await this.#metadata.db
      .insertInto('clusters')
      .values({ name, ...values, created_at: new Date() })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
      .execute();
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
    const row = await this.#metadata.db
      .selectFrom('clusters')
      .select('url_sealed')
      .where('name', '=', name)
      .executeTakeFirst();
    if (row === undefined) {
      throw new HoldfastError('undefined-cluster', `cluster "${name}" does not exist`, {
        field: 'cluster',
        hint: 'The Clusters page lists the registered ones.',
      });
    }
    const url = this.#secrets.unseal(row.url_sealed, SEAL_PURPOSE);
    const known = this.#open.get(name);
    if (known?.url === url) return known.cluster;
    const cluster = connectCluster(url);
    this.#open.set(name, { url, cluster });
    // One that can't be reached now is asked again by whoever needs it next.
    cluster.catch(() => {
      if (this.#open.get(name)?.cluster === cluster) this.#open.delete(name);
    });
    // The old adapter may be serving someone, and closing would cut that off: it goes with the process.
    if (known !== undefined) this.#retired.push(known.cluster);
    return cluster;
  }

  /** Every registered cluster with what it says of itself, asked side by side. */
  async overview(): Promise<ClusterOverview[]> {
    const rows = await this.#metadata.db.selectFrom('clusters').selectAll().orderBy('name').execute();
    return Promise.all(
      rows.map(async (row): Promise<ClusterOverview> => {
        const common = { name: row.name, redactedUrl: row.url_redacted, embedded: row.embedded };
        try {
          return { ...common, status: 'up', info: await (await this.connect(row.name)).describe() };
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error;
          return {
            ...common,
            status: 'down',
            error: { code: error.code, message: error.message, hint: error.hint ?? null },
          };
        }
      }),
    );
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
}

/** The metadata store's database, when it is on the server of `clusterUrl`. */
function metadataDatabase(metadataUrl: string, clusterUrl: string | undefined): string | null {
  if (clusterUrl === undefined || !URL.canParse(clusterUrl) || !URL.canParse(metadataUrl)) return null;
  const [cluster, store] = [new URL(clusterUrl), new URL(metadataUrl)];
  if (cluster.hostname !== store.hostname || (cluster.port || '5432') !== (store.port || '5432')) return null;
  return decodeURIComponent(store.pathname.slice(1));
}
