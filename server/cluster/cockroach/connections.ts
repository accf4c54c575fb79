import pg from 'pg';
import { HoldfastError } from '../../errors.ts';
import type { NodeId, TurnWait } from '../cluster.ts';
import { inTime, type Place } from '../postgres/errors.ts';
import { Turns } from '../turns.ts';
import { clusterError } from './errors.ts';
import { RowSocket } from './rows/row-socket.ts';
import { prepareSession, type Purpose, Session } from './session.ts';
import { type ClusterAccess, readUrl } from './url.ts';

/** Connections a database and address, at most: what parallel work shares. Further ones wait their turn. */
const MOST_CONNECTIONS = 16;
/**
 * Ranges that this process reads from one node at once, whatever databases they are of; further reads of that node
 * wait. A read is bound by the disk and one core of its node, so more at once only take them from the applications.
 */
export const READS_PER_NODE = 8;
const CONNECT_TIMEOUT_MS = 10_000;
/** A node's own address either answers soon or can't be reached from here. */
const NODE_TIMEOUT_MS = 2_000;
/** How long an unreachable node is not tried again, and how long its address is believed. */
const NODE_MEMORY_MS = 60_000;
const KEEPALIVE_AFTER_MS = 15_000;

/** A session that must be given back. */
export class Lease extends Session {
  readonly #giveBack: (broken: boolean) => void;
  #alsoOnRelease: () => void = ignore;
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
    this.#alsoOnRelease();
  }

  /** Has something else given back with it. */
  alsoOnRelease(work: () => void): this {
    this.#alsoOnRelease = work;
    return this;
  }
}

interface Address {
  host: string;
  port: number;
}

interface Target extends Address {
  purpose: Purpose;
  timeout: number;
}

interface KnownNode {
  target: Target | null;
  until: number;
}

/** A node as the cluster lists it; `address` is host:port of its SQL. */
export interface ListedNode {
  id: NodeId;
  address: string;
  live: boolean;
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
  readonly #readers = new Map<NodeId, Turns>();
  readonly #readsPerNode: number;
  /** Addresses of nodes that have served us, for when the URL's own doesn't answer; the latest last. */
  readonly #otherGateways = new Map<string, Address>();
  /** What goes on by itself and must be over before close() is. */
  readonly #pending = new Set<Promise<void>>();
  #closed = false;

  /** host:port of the gateway. */
  readonly address: string;
  readonly user: string;
  /** The database of the URL: where statements about other databases are sent from. */
  readonly homeDatabase: string;

  /** Connects to nothing yet. Throws `invalid-value` for a URL that can't be understood, without repeating it. */
  constructor(url: string, applicationName: string, readsPerNode: number = READS_PER_NODE) {
    this.#access = readUrl(url);
    this.#applicationName = applicationName;
    this.#readsPerNode = readsPerNode;
    this.address = printAddress(this.#access.host, this.#access.port);
    this.user = new pg.Client(this.#access).user ?? '';
    this.homeDatabase = this.#access.database;
  }

  place(database: string): Place {
    return { address: this.address, database, user: this.user };
  }

  /**
   * A session of that database through the gateway, or through another node that has served us before while the
   * gateway doesn't answer. Waits for one where all are in use.
   */
  acquire(database: string): Promise<Lease> {
    return this.#acquireThroughAny('work', database);
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
   * A session for reading rows on that node itself, or through the gateway where the node doesn't take us (it is
   * down, or a load balancer or a container network stands between); that is remembered for a minute. Waits while
   * as many reads of that node go on as may, or all connections are in use: in `turn`.
   */
  async acquireOn(node: NodeId, database: string, turn: TurnWait = atOnce): Promise<Lease> {
    const turns = this.#readers.get(node) ?? new Turns(this.#readsPerNode);
    this.#readers.set(node, turns);
    await turn(turns.take());
    try {
      return (await this.#acquireNear(node, database, turn)).alsoOnRelease(() => turns.giveBack());
    } catch (error) {
      turns.giveBack();
      throw error;
    }
  }

  /**
   * Which of these nodes take us at their own addresses. All are tried at the same time and given two seconds; one that
   * doesn't isn't tried again for a minute, and its ranges are read through the gateway. Never throws for a node.
   */
  async direct(nodes: ListedNode[]): Promise<Set<NodeId>> {
    const taken = await Promise.all(
      nodes.map(async ({ id, address, live }) => {
        if (!live) return [];
        const target = this.#remembered(id) ?? this.#remember(id, readTarget(address));
        return (await this.#takes(id, target)) ? [id] : [];
      }),
    );
    return new Set(taken.flat());
  }

  async #takes(node: NodeId, { target, until }: KnownNode): Promise<boolean> {
    if (target === null) return false;
    try {
      (await this.#acquire(target, this.homeDatabase)).release();
      return true;
    } catch {
      this.#refuseClosed();
      // What was decided meanwhile counts.
      if (this.#nodes.get(node)?.until === until) this.#remember(node, null);
      return false;
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

  async #acquireNear(node: NodeId, database: string, turn: TurnWait): Promise<Lease> {
    const { target } = this.#remembered(node) ?? this.#remember(node, await this.#lookUp(node));
    if (target === null) return this.#acquireThroughAny('read', database, turn);
    try {
      return await this.#acquire(target, database, turn);
    } catch (error) {
      if (this.#closed) throw error;
      // Whatever it is, down or of another certificate: where it is the credentials, the gateway says so too.
      this.#remember(node, null);
      return this.#acquireThroughAny('read', database, turn);
    }
  }

  async #acquireThroughAny(purpose: Purpose, database: string, turn: TurnWait = atOnce): Promise<Lease> {
    const { host, port } = this.#access;
    try {
      return await this.#acquire({ host, port, purpose, timeout: CONNECT_TIMEOUT_MS }, database, turn);
    } catch (error) {
      if (this.#closed || !isUnavailable(error)) throw error;
      for (const other of [...this.#otherGateways.values()].reverse())
        try {
          return await this.#acquire({ ...other, purpose, timeout: NODE_TIMEOUT_MS }, database, turn);
        } catch (another) {
          if (this.#closed || !isUnavailable(another)) throw another;
        }
      throw error;
    }
  }

  #remembered(node: NodeId): KnownNode | undefined {
    const known = this.#nodes.get(node);
    return known !== undefined && known.until > Date.now() ? known : undefined;
  }

  #remember(node: NodeId, target: Target | null): KnownNode {
    const known = { target, until: Date.now() + NODE_MEMORY_MS };
    this.#nodes.set(node, known);
    return known;
  }

  async #lookUp(node: NodeId): Promise<Target | null> {
    const rows = await this.use(this.homeDatabase, (session) =>
      session.rows<{ address: string }>(
        `look up node ${node}`,
        `SELECT advertise_sql_address AS address FROM crdb_internal.gossip_nodes WHERE node_id::STRING = $1`,
        [node],
      ),
    );
    return readTarget(rows[0]?.address ?? '');
  }

  async #acquire(target: Target, database: string, turn: TurnWait = atOnce): Promise<Lease> {
    const place: Place = { ...this.place(database), address: printAddress(target.host, target.port) };
    const pool = this.#pool(target, place);
    let client: pg.PoolClient;
    try {
      client = await turn(pool.connect());
    } catch (error) {
      throw clusterError(error, place, 'connect');
    }
    const { host, port } = target;
    if (place.address !== this.address) this.#otherGateways.set(place.address, { host, port });
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
      await inTime(prepareSession(client, place, target.purpose), place);
    };
    // Over TLS the bytes don't come from the socket itself.
    const plain = config.ssl === undefined || config.ssl === false;
    const rowSocket = target.purpose === 'read' && plain ? { stream: () => new RowSocket() } : {};
    const pool = new pg.Pool({
      ...config,
      max: MOST_CONNECTIONS,
      allowExitOnIdle: true,
      // The timeout is for connecting. As an option of the pool it would also limit the wait for a free one.
      Client: class extends pg.Client {
        constructor() {
          super({ ...config, connectionTimeoutMillis: target.timeout, ...rowSocket });
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

/** Where rows of a node are read, by host:port as the cluster lists it; null for what is no such address. */
function readTarget(address: string): Target | null {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  if (host === undefined || host === '') return null;
  return { host, port: Number(port), purpose: 'read', timeout: NODE_TIMEOUT_MS };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'cluster-unavailable';
}

function printAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const atOnce: TurnWait = (turn) => turn;

function ignore(): void {}
