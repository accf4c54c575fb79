import type pg from 'pg';
import { HoldfastError } from '../../errors.ts';
import { quoteIdent } from '../names.ts';
import type { Place } from '../postgres/errors.ts';
import { clusterError } from './errors.ts';

/**
 * Settings of every session, so that the text of a value or of a definition depends on the data alone and not
 * on how the cluster, the database or the role is configured. Those of versions or builds that don't know one are
 * passed over.
 */
const SETTINGS: [name: string, sql: string][] = [
  ['search_path', "'public'"],
  ['datestyle', "'ISO, MDY'"],
  ['intervalstyle', "'postgres'"],
  ['timezone', "'UTC'"],
  ['extra_float_digits', '3'],
  ['bytea_output', "'hex'"],
  // A backup runs for hours on purpose.
  ['statement_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['idle_in_session_timeout', '0'],
  ['default_transaction_read_only', 'off'],
  // DDL that the cluster itself printed must run again.
  ['experimental_enable_hash_sharded_indexes', 'on'],
  ['experimental_enable_unique_without_index_constraints', 'on'],
  ['serial_normalization', "'rowid'"],
];

/** What a session is for. Those that read rows give way to the applications' transactions. */
export type Purpose = 'work' | 'read';

/** Makes a new connection ready. Throws `unsupported` for servers that are not CockroachDB. */
export async function prepareSession(client: pg.ClientBase, place: Place, purpose: Purpose): Promise<void> {
  const banner = (await client.query<{ banner: string }>('SELECT version() AS banner')).rows[0]?.banner ?? '';
  if (!banner.startsWith('CockroachDB'))
    throw new HoldfastError('unsupported', `the server at ${place.address} is ${banner}, not CockroachDB`, {
      hint: 'Register it with a postgres:// URL.',
      field: 'cluster',
    });
  const { rows } = await client.query<{ variable: string }>(
    'SELECT variable FROM crdb_internal.session_variables WHERE variable = ANY ($1::STRING[]) ORDER BY variable',
    [SETTINGS.map(([name]) => name)],
  );
  const known = new Set(rows.map(({ variable }) => variable));
  const wanted = SETTINGS.filter(([name]) => known.has(name));
  if (purpose === 'read') wanted.push(['default_transaction_priority', 'low']);
  await client.query(wanted.map(([name, sql]) => `SET ${name} = ${sql}`).join('; '));
}

/** One connection in use, whose errors name the place. */
export class Session {
  readonly client: pg.Client;
  readonly place: Place;

  constructor(client: pg.Client, place: Place) {
    this.client = client;
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

  /** Runs `work` in a transaction that begins with `begin`; what it throws rolls back. */
  async transaction<T>(begin: string, work: () => Promise<T>): Promise<T> {
    await this.run('start a transaction', begin);
    try {
      const result = await work();
      await this.run('commit', 'COMMIT');
      return result;
    } catch (error) {
      // After a failed COMMIT there is nothing to roll back any more, which is no failure of its own.
      await this.client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /**
   * The id of this session's database. CockroachDB lets anybody connect to a database that doesn't exist, so
   * whoever needs it asks. Throws `undefined-database`.
   */
  async databaseId(): Promise<number> {
    const { database } = this.place;
    const rows = await this.rows<{ id: string }>(
      `look for database ${quoteIdent(database)}`,
      `SELECT id FROM system.namespace WHERE "parentID" = 0 AND "parentSchemaID" = 0 AND name = $1`,
      [database],
    );
    if (rows[0] === undefined) throw undefinedDatabase(this.place);
    return Number(rows[0].id);
  }
}

export function undefinedDatabase(place: Place): HoldfastError {
  return new HoldfastError(
    'undefined-database',
    `database ${quoteIdent(place.database)} does not exist at ${place.address}`,
    { hint: 'Check the name.' },
  );
}
