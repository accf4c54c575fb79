import pg from 'pg';
import { HoldfastError } from '../../errors.ts';
import type { NodeId } from '../cluster.ts';
import type { Place } from '../postgres/errors.ts';
import { clusterError } from './errors.ts';
import { prepareSession, type Purpose, Session } from './session.ts';
import { type ClusterAccess, readUrl } from './url.ts';

/** Connections a database and node, at most: what parallel streams share. Further ones wait their turn. */
const MOST_CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 10_000;
/** A node's own address either answers soon or can't be reached from here. */
const NODE_TIMEOUT_MS = 2_000;
/** How long an unreachable node is not tried again, and how long its address is believed. */
const NODE_MEMORY_MS = 60_000;
const KEEPALIVE_AFTER_MS = 15_000;

/** A session that must be given back. */
export class Lease extends Session {
  readonly #giveBack: (broken: boolean) => void;
  #given = false;

  constructor(client: pg.Client, place: Place, giveBack: (broken: boolean) => void) {
    super(client, place);
    this.#giveBack = giveBack;
  }

  /**
   * Gives the connection back, once; `broken` closes it instead of using it again. CockroachDB ends what a session
   * is doing as soon as its connection is closed, and rolls back.
   */
  release(broken = false): void {
    if (this.#given) return;
    this.#given = true;
    this.#giveBack(broken);
  }
}

interface Target {
  host: string;
  port: number;
  purpose: Purpose;
  timeout: number;
}

interface KnownNode {
  target: Target | null;
  until: number;
}

/**
 * All connections to one cluster: bounded pools through the gateway (the URL's address) and to each node's own SQL
 * address. The URL's credentials and TLS settings stay in here and go for the nodes too.
 */
export class Connections {
  readonly #access: ClusterAccess;
  readonly #applicationName: string;
  readonly #pools = new Map<string, pg.Pool>();
  readonly #leases = new Set<Lease>();
  readonly #nodes = new Map<NodeId, KnownNode>();
  /** What goes on by itself and must be over before close() is. */
  readonly #pending = new Set<Promise<void>>();
  #closed = false;

  /** host:port of the gateway. */
  readonly address: string;
  readonly user: string;
  /** The database of the URL: where statements about other databases are sent from. */
  readonly homeDatabase: string;

  /** Connects to nothing yet. Throws `invalid-value` for a URL that can't be understood, without repeating it. */
  constructor(url: string, applicationName: string) {
    this.#access = readUrl(url);
    this.#applicationName = applicationName;
    this.address = printAddress(this.#access.host, this.#access.port);
    this.user = new pg.Client(this.#access).user ?? '';
    this.homeDatabase = this.#access.database;
  }

  place(database: string): Place {
    return { address: this.address, database, user: this.user };
  }

  /** A session of that database through the gateway. Waits for one where all are in use. */
  acquire(database: string): Promise<Lease> {
    const { host, port } = this.#access;
    return this.#acquire({ host, port, purpose: 'work', timeout: CONNECT_TIMEOUT_MS }, database);
  }

  /** Runs `work` with a session of that database; one that failed in any way isn't used again. */
  async use<T>(database: string, work: (session: Lease) => Promise<T>): Promise<T> {
    const lease = await this.acquire(database);
    let done = false;
    try {
      const result = await work(lease);
      done = true;
      return result;
    } finally {
      lease.release(!done);
    }
  }

  /**
   * A session for reading rows on that node itself, or through the gateway where its address can't be reached
   * from here (a load balancer or a container network stands between); that is remembered for a minute.
   */
  async acquireOn(node: NodeId, database: string): Promise<Lease> {
    const target = await this.#nodeTarget(node);
    const { host, port } = this.#access;
    const gateway: Target = { host, port, purpose: 'read', timeout: CONNECT_TIMEOUT_MS };
    if (target === null) return this.#acquire(gateway, database);
    try {
      return await this.#acquire(target, database);
    } catch (error) {
      if (this.#closed || !(error instanceof HoldfastError) || error.code !== 'cluster-unavailable')
        throw error;
      this.#nodes.set(node, { target: null, until: Date.now() + NODE_MEMORY_MS });
      return this.#acquire(gateway, database);
    }
  }

  /** Closes the pools of a database that is about to be dropped. */
  forget(database: string): void {
    for (const [key, pool] of this.#pools) {
      if (!key.endsWith(`\0${database}`)) continue;
      this.#pools.delete(key);
      this.#await(pool.end());
    }
  }

  /** Closes every connection, also those in use. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const lease of [...this.#leases]) lease.release(true);
    for (const pool of this.#pools.values()) this.#await(pool.end());
    this.#pools.clear();
    await Promise.all([...this.#pending]);
  }

  async #nodeTarget(node: NodeId): Promise<Target | null> {
    const known = this.#nodes.get(node);
    if (known !== undefined && known.until > Date.now()) return known.target;
    const rows = await this.use(this.homeDatabase, (session) =>
      session.rows<{ address: string }>(
        `look up node ${node}`,
        `SELECT advertise_sql_address AS address FROM crdb_internal.gossip_nodes WHERE node_id::STRING = $1`,
        [node],
      ),
    );
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(rows[0]?.address ?? '') ?? [];
    const target: Target | null =
      host === undefined || host === ''
        ? null
        : { host, port: Number(port), purpose: 'read', timeout: NODE_TIMEOUT_MS };
    this.#nodes.set(node, { target, until: Date.now() + NODE_MEMORY_MS });
    return target;
  }

  async #acquire(target: Target, database: string): Promise<Lease> {
    const place: Place = { ...this.place(database), address: printAddress(target.host, target.port) };
    const pool = this.#pool(target, place);
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw clusterError(error, place, 'connect');
    }
    // The pool makes its clients with pg.Client; its types only say less of them.
    const lease: Lease = new Lease(client, place, (broken) => {
      this.#leases.delete(lease);
      client.release(broken);
    });
    if (this.#closed) {
      lease.release(true);
      this.#refuseClosed();
    }
    this.#leases.add(lease);
    return lease;
  }

  #pool(target: Target, place: Place): pg.Pool {
    this.#refuseClosed();
    const key = [target.host, target.port, target.purpose, place.database].join('\0');
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const config: pg.ClientConfig = {
      ...this.#access,
      host: target.host,
      port: target.port,
      database: place.database,
      application_name: this.#applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
    };
    // The pool waits for the promise, which its types don't know.
    const prepare: (client: pg.ClientBase) => unknown = async (client) => {
      // A connection that breaks while it is in use is reported by what is using it.
      client.on('error', ignore);
      await prepareSession(client, place, target.purpose);
    };
    const pool = new pg.Pool({
      ...config,
      max: MOST_CONNECTIONS,
      allowExitOnIdle: true,
      // The timeout is for connecting. As an option of the pool it would also limit the wait for a free one.
      Client: class extends pg.Client {
        constructor() {
          super({ ...config, connectionTimeoutMillis: target.timeout });
        }
      },
      onConnect: prepare,
    });
    pool.on('error', ignore);
    this.#pools.set(key, pool);
    return pool;
  }

  #await(work: Promise<unknown>): void {
    const settled: Promise<void> = work.then(ignore, ignore).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  #refuseClosed(): void {
    if (this.#closed)
      throw new HoldfastError('cluster-unavailable', `the connections to ${this.address} have been closed`);
  }
}

function printAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function ignore(): void {}
