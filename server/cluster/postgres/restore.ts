import { HoldfastError } from '../../errors.ts';
import type { LedgerNote } from '../cluster.ts';
import { alwaysQuote, type ObjectName, printName, quoteIdent, sqlName } from '../names.ts';
import { headOf } from '../statement-head.ts';
import type { Connections } from './connections.ts';
import { canceled, clusterError, stateOf } from './errors.ts';
import { createLedger, hasLedger, noteCreated, noteSchema, unfinishedDatabase } from './ledger.ts';

/** What CREATE DATABASE can't do in one transaction, a rename does: the database appears with its ledger in it. */
export async function createDatabase(connections: Connections, name: string, restore: string): Promise<void> {
  const doing = `create database ${quoteIdent(name)}`;
  const unfinished = unfinishedDatabase(name, restore);
  await connections.use(connections.homeDatabase, async (session) => {
    const there = await session.rows(doing, 'SELECT FROM pg_database WHERE datname = $1', [name]);
    if (there.length > 0)
      throw new HoldfastError(
        'duplicate-database',
        `database ${quoteIdent(name)} exists already at ${connections.address}`,
        { hint: 'Choose another name, or drop that database first.', field: 'intoDb' },
      );
    // Of an attempt that was killed here.
    await session.run(doing, `DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    // template0: what was added to template1 would be in the way of what is restored.
    await session.run(doing, `CREATE DATABASE ${unfinished} TEMPLATE template0 ENCODING 'UTF8'`);
    await connections.once(unfinished, (inside) => createLedger(inside, restore));
    await session.run(doing, `ALTER DATABASE ${unfinished} RENAME TO ${alwaysQuote(name)}`);
  });
}

/** Ends the sessions that use it. One that isn't there, or isn't this restore's, is left as it is. */
export async function dropDatabase(connections: Connections, name: string, restore: string): Promise<void> {
  const doing = `drop database ${quoteIdent(name)}`;
  // A database can't be dropped from within.
  const from = connections.homeDatabase === name ? 'postgres' : connections.homeDatabase;
  await connections.use(from, async (session) => {
    await session.run(doing, `DROP DATABASE IF EXISTS ${unfinishedDatabase(name, restore)} WITH (FORCE)`);
    const there = await session.rows(doing, 'SELECT FROM pg_database WHERE datname = $1', [name]);
    if (there.length === 0) return;
    if (!(await connections.once(name, (inside) => hasLedger(inside, restore)))) return;
    connections.forget(name);
    await session.run(doing, `DROP DATABASE IF EXISTS ${alwaysQuote(name)} WITH (FORCE)`);
  });
}

export async function ensureSchema(
  connections: Connections,
  database: string,
  schema: string,
  restore: string,
): Promise<void> {
  await connections.use(database, async (session) => {
    const doing = `create schema ${quoteIdent(schema)}`;
    const isThere = async () =>
      (await session.rows(doing, 'SELECT FROM pg_namespace WHERE nspname = $1', [schema])).length > 0;
    if (await isThere()) return;
    await session.run(doing, 'BEGIN');
    try {
      await session.client.query(`CREATE SCHEMA ${alwaysQuote(schema)}`);
    } catch (error) {
      await session.run(doing, 'ROLLBACK');
      // Somebody else may have been quicker: duplicate_schema, or unique_violation where both were at it.
      if ((stateOf(error) === '42P06' || stateOf(error) === '23505') && (await isThere())) return;
      throw clusterError(error, session.place, doing);
    }
    await noteSchema(session, restore, schema);
    await session.run(doing, 'COMMIT');
  });
}

/** Implements Cluster.runDdl: all statements and their note, or none. An abort cancels the one that runs. */
export async function runDdl(
  connections: Connections,
  database: string,
  statements: string[],
  signal: AbortSignal,
  note?: LedgerNote,
): Promise<void> {
  await connections.use(database, async (session) => {
    const abort = () => connections.cancel(session);
    signal.addEventListener('abort', abort, { once: true });
    let doing = 'start a transaction';
    const refuse = () => {
      if (signal.aborted) throw canceled(signal, doing);
    };
    try {
      refuse();
      await session.run(doing, 'BEGIN');
      for (const statement of statements) {
        refuse();
        doing = `run ${headOf(statement)}`;
        await session.run(doing, statement);
      }
      if (note !== undefined) await noteCreated(session, note.restore, note.created);
      refuse();
      await session.run('commit', 'COMMIT');
    } catch (error) {
      refuse();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      // The cancellation may still be on its way: nobody else may have this connection.
      if (signal.aborted) session.release(true);
    }
  });
}

export async function setSequence(
  connections: Connections,
  database: string,
  name: ObjectName,
  lastValue: string,
  isCalled: boolean,
): Promise<void> {
  if (!/^-?\d+$/.test(lastValue))
    throw new HoldfastError('invalid-value', `'${lastValue}' is not a value of sequence ${printName(name)}`);
  await connections.use(database, (session) =>
    session.rows(
      `set sequence ${printName({ ...name, database })}`,
      'SELECT setval($1::regclass, $2::bigint, $3)',
      [sqlName(name), lastValue, isCalled],
    ),
  );
}
