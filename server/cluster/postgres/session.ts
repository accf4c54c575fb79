import type pg from 'pg';
import { HoldfastError } from '../../errors.ts';
import { clusterError, type Place } from './errors.ts';

/** The oldest PostgreSQL whose catalogs the queries here know. */
const OLDEST = 130000;

/**
 * Settings of every session, so that the text of a value or of a definition depends on the data alone and not
 * on how the server, the database or the role is configured. What a server doesn't know yet is passed over.
 */
const SETTINGS: Record<string, string> = {
  // Every name in a generated definition is then qualified with its schema.
  search_path: '',
  client_encoding: 'UTF8',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  // money is printed and read in the locale's currency; C is the one that every server has.
  lc_monetary: 'C',
  xmloption: 'content',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  // Rows hidden by a policy are an error, not a smaller backup.
  row_security: 'off',
  // The text of a function may speak of what is restored after it.
  check_function_bodies: 'off',
  synchronize_seqscans: 'off',
  default_tablespace: '',
  client_min_messages: 'error',
  // A backup runs for hours on purpose. Locks are waited for with a limit of their own.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
};

/** What a session knows of its server. */
export interface Server {
  /** `server_version_num`: 180004. */
  version: number;
  /** `18.4`. */
  versionText: string;
  blockSize: number;
  superuser: boolean;
  /** The server process of this session, and when it started: together they are never reused. */
  pid: number;
  startedAt: string;
}

/** Makes a new connection ready. Throws `unsupported` for servers that only resemble PostgreSQL. */
export async function prepareSession(client: pg.ClientBase, place: Place): Promise<Server> {
  const banner = (await client.query<{ banner: string }>('SELECT version() AS banner')).rows[0]?.banner ?? '';
  if (banner.includes('CockroachDB'))
    throw new HoldfastError(
      'unsupported',
      `the server at ${place.address} is CockroachDB, which can't be read as PostgreSQL`,
      { hint: 'Register the URL of a PostgreSQL server.', field: 'cluster' },
    );
  const { rows } = await client.query<Server>(
    `SELECT current_setting('server_version_num')::int AS version,
            split_part(current_setting('server_version'), ' ', 1) AS "versionText",
            current_setting('block_size')::int AS "blockSize",
            current_setting('is_superuser') = 'on' AS superuser,
            pg_backend_pid() AS pid,
            (SELECT backend_start::text FROM pg_catalog.pg_stat_get_activity(pg_backend_pid())) AS "startedAt"`,
  );
  const server = rows[0];
  if (server === undefined || server.version < OLDEST)
    throw new HoldfastError('unsupported', `the server at ${place.address} is ${banner}`, {
      hint: 'PostgreSQL 13 and later can be backed up.',
      field: 'cluster',
    });
  await client.query(
    `SELECT pg_catalog.set_config(wanted.key, wanted.value, false)
     FROM pg_catalog.jsonb_each_text($1::jsonb) AS wanted
     JOIN pg_catalog.pg_settings AS known ON lower(known.name) = wanted.key`,
    [JSON.stringify(SETTINGS)],
  );
  return server;
}

/** One connection in use, whose errors name the place. */
export class Session {
  readonly client: pg.ClientBase;
  readonly server: Server;
  readonly place: Place;

  constructor(client: pg.ClientBase, server: Server, place: Place) {
    this.client = client;
    this.server = server;
    this.place = place;
  }

  /** Runs one statement. `doing` is what to call it in an error: `list the tables`. */
  async rows<Row extends pg.QueryResultRow>(
    doing: string,
    sql: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    try {
      return (await this.client.query<Row>(sql, values)).rows;
    } catch (error) {
      throw clusterError(error, this.place, doing);
    }
  }

  /** Runs statements without parameters and answers nothing. */
  async run(doing: string, sql: string): Promise<void> {
    try {
      await this.client.query(sql);
    } catch (error) {
      throw clusterError(error, this.place, doing);
    }
  }
}
