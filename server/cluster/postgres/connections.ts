import pg from 'pg';
import { parse, toClientConfig } from 'pg-connection-string';
import { HoldfastError } from '../../errors.ts';
import { clusterError, inTime, type Place } from './errors.ts';
import { prepareSession, type Server, Session } from './session.ts';

/** Connections a database, at most: what parallel streams share. Further ones wait their turn. */
const MOST_CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that a firewall dropped is noticed within a minute, and a quiet one isn't dropped at all. */
const KEEPALIVE_AFTER_MS = 15_000;
/** How long a canceled connection may take to end by itself. */
const CANCEL_GRACE_MS = 2_000;

/** A session that must be given back. */
export class Lease extends Session {
  readonly #giveBack: (broken: boolean) => void;
  #given = false;

  constructor(client: pg.ClientBase, server: Server, place: Place, giveBack: (broken: boolean) => void) {
    super(client, server, place);
    this.#giveBack = giveBack;
  }

  /** Gives the connection back, once; `broken` closes it instead of using it again. */
  release(broken = false): void {
    if (this.#given) return;
    this.#given = true;
    this.#giveBack(broken);
  }
}

/**
 * All connections to one server: a bounded pool a database, and dedicated ones for held moments.
 * The URL's credentials stay in here.
 */
export class Connections {
  readonly #config: pg.ClientConfig;
  readonly #pools = new Map<string, pg.Pool>();
  readonly #servers = new WeakMap<pg.ClientBase, Server>();
  readonly #leases = new Set<Lease>();
  /** What goes on by itself and must be over before close() is. */
  readonly #pending = new Set<Promise<void>>();
  #closed = false;

  /** host:port of the server. */
  readonly address: string;
  readonly user: string;
  /** The database of the URL: where statements about other databases are sent from. */
  readonly homeDatabase: string;

  /** Connects to nothing yet. Throws `invalid-value` for a URL that can't be understood, without repeating it. */
  constructor(url: string, applicationName: string) {
    this.#config = {
      ...readUrl(url),
      application_name: applicationName,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    };
    const probe = new pg.Client(this.#config);
    this.address = probe.host.startsWith('/') ? probe.host : `${bracketed(probe.host)}:${probe.port}`;
    this.user = probe.user ?? '';
    this.homeDatabase = this.#config.database ?? 'postgres';
  }

  place(database: string): Place {
    return { address: this.address, database, user: this.user };
  }

  /** A session of that database from its pool. Waits for one where all are in use. */
  async acquire(database: string): Promise<Lease> {
    const place = this.place(database);
    const pool = this.#pool(database);
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      throw clusterError(error, place, 'connect');
    }
    const server = this.#servers.get(client);
    if (server === undefined) throw new Error('a connection of the pool was not prepared');
    const lease: Lease = new Lease(client, server, place, (broken) => {
      this.#leases.delete(lease);
      client.release(broken);
    });
    this.#leases.add(lease);
    return lease;
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

  /** Runs `work` with a connection of its own and waits until that is closed: the database may then be renamed. */
  async once<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
    const client = new pg.Client({ ...this.#config, database });
    client.on('error', ignore);
    try {
      await client.connect();
      return await work(
        new Session(client, await prepareSession(client, this.place(database)), this.place(database)),
      );
    } catch (error) {
      throw clusterError(error, this.place(database), 'connect');
    } finally {
      await client.end().catch(ignore);
    }
  }

  /** A session outside of the pools, which lives until it is released. `onLost` is told when it dies before. */
  async dedicated(database: string, onLost: (error: unknown) => void): Promise<Lease> {
    this.#refuseClosed();
    const place = this.place(database);
    const client = new pg.Client({ ...this.#config, database });
    const onEnd = () => onLost(new Error('Connection terminated'));
    const deafen = () => client.off('error', onLost).off('end', onEnd).on('error', ignore);
    client.on('error', onLost).on('end', onEnd);
    try {
      await client.connect();
      const server = await prepareSession(client, place);
      const lease: Lease = new Lease(client, server, place, () => {
        this.#leases.delete(lease);
        deafen();
        this.#await(client.end());
      });
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      deafen();
      this.#await(client.end());
      throw clusterError(error, place, 'connect');
    }
  }

  /**
   * Stops what a session is doing: asks the server to cancel it, and closes the connection if that isn't heeded
   * soon. Closing alone isn't enough: a server notices a closed connection only when it next writes to it.
   */
  cancel(lease: Lease): void {
    const { pid, startedAt } = lease.server;
    const timer = setTimeout(() => lease.release(true), CANCEL_GRACE_MS);
    timer.unref();
    this.#await(this.#askToCancel(lease.place.database, pid, startedAt));
  }

  async #askToCancel(database: string, pid: number, startedAt: string): Promise<void> {
    // Not from the pool, where all connections may be busy with what is to be canceled.
    // Where the server doesn't answer at all, this is over some time, too.
    const client = new pg.Client({ ...this.#config, database, query_timeout: CONNECT_TIMEOUT_MS });
    client.on('error', ignore);
    try {
      await client.connect();
      await client.query(
        `SELECT pg_catalog.pg_cancel_backend(pid)
         FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND backend_start = $2::timestamptz`,
        [pid, startedAt],
      );
    } catch {
      // The server is gone or full; closing the connection is all that is left.
    } finally {
      await client.end().catch(ignore);
    }
  }

  /** Closes the pool of a database that is about to be dropped. */
  forget(database: string): void {
    const pool = this.#pools.get(database);
    this.#pools.delete(database);
    if (pool !== undefined) this.#await(pool.end());
  }

  /** Closes every connection, also those in use. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const lease of [...this.#leases]) lease.release(true);
    for (const database of [...this.#pools.keys()]) this.forget(database);
    await Promise.all([...this.#pending]);
  }

  #await(work: Promise<unknown>): void {
    const settled: Promise<void> = work.then(ignore, ignore).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  #pool(database: string): pg.Pool {
    this.#refuseClosed();
    const known = this.#pools.get(database);
    if (known !== undefined) return known;
    const place = this.place(database);
    // The pool waits for the promise, which its types don't know.
    const prepare: (client: pg.ClientBase) => unknown = async (client) => {
      // A connection that breaks while it is in use is reported by what is using it.
      client.on('error', ignore);
      this.#servers.set(client, await inTime(prepareSession(client, place), place));
    };
    // The timeout is for connecting. As an option of the pool it would also limit the wait for a free one.
    const { connectionTimeoutMillis, ...config } = this.#config;
    const pool = new pg.Pool({
      ...config,
      database,
      max: MOST_CONNECTIONS,
      allowExitOnIdle: true,
      Client: class extends TidyClient {
        constructor() {
          super({ ...config, database, connectionTimeoutMillis });
        }
      },
      onConnect: prepare,
    });
    pool.on('error', ignore);
    this.#pools.set(database, pool);
    return pool;
  }

  #refuseClosed(): void {
    if (this.#closed)
      throw new HoldfastError('cluster-unavailable', `the connections to ${this.address} have been closed`);
  }
}

/**
 * A client that closes its socket when connecting fails. The pool forgets such a client as it is, and a server
 * that still waits for its password then holds up every CREATE and DROP DATABASE for a minute.
 */
class TidyClient extends pg.Client {
  override connect(): Promise<this>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<this> | void {
    if (callback === undefined) return super.connect() as Promise<this>;
    super.connect((error: Error | null) => {
      if (error) void this.end().catch(ignore);
      callback(error as Error);
    });
  }
}

function readUrl(url: string): pg.ClientConfig {
  try {
    // libpq's reading of sslmode is what everybody knows who writes such URLs.
    const { host, port, user, password, ssl, sslnegotiation, options, database } = toClientConfig(
      parse(url, { useLibpqCompat: true }),
    );
    return { host, port, user, password, ssl, sslnegotiation, options, database: database ?? 'postgres' };
  } catch (error) {
    // Not the error's own message: it may quote the URL with its password.
    const reason = error instanceof Error && /sslmode|sslrootcert/.test(error.message) ? error.message : '';
    throw new HoldfastError(
      'invalid-value',
      `the cluster's URL can't be understood${reason && `: ${reason}`}`,
      {
        hint: 'It looks like postgres://user:password@host:5432/database?sslmode=require.',
        field: 'cluster',
      },
    );
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function ignore(): void {}
