import { HoldfastError } from '../../errors.ts';
import type { LedgerNote } from '../cluster.ts';
import { alwaysQuote, type ObjectName, printName, quoteIdent, sqlName } from '../names.ts';
import { headOf } from '../statement-head.ts';
import { canceled } from '../postgres/errors.ts';
import type { Connections } from './connections.ts';
import { withoutInterleaving } from './ddl/create-table.ts';
import { hasLedger, inTransaction, ledgerSql, noteCreated, noteSchema } from './ledger.ts';
import type { Session } from './session.ts';

/** The database and its ledger are made in one transaction: it is never in doubt who made it. */
export async function createDatabase(connections: Connections, name: string, restore: string): Promise<void> {
  const doing = `create database ${quoteIdent(name)}`;
  await connections.use(connections.homeDatabase, async (session) => {
    const there = await session.rows(doing, 'SELECT 1 FROM crdb_internal.databases WHERE name = $1', [name]);
    if (there.length > 0)
      throw new HoldfastError(
        'duplicate-database',
        `database ${quoteIdent(name)} exists already at ${connections.address}`,
        { hint: 'Choose another name, or drop that database first.', field: 'intoDb' },
      );
    await inTransaction(session, async () => {
      await session.run(doing, `CREATE DATABASE ${alwaysQuote(name)}`);
      for (const sql of ledgerSql(restore, `${alwaysQuote(name)}.`)) await session.run(doing, sql);
    });
  });
}

/** One that isn't there, or isn't this restore's, is left as it is. */
export async function dropDatabase(connections: Connections, name: string, restore: string): Promise<void> {
  const doing = `drop database ${quoteIdent(name)}`;
  const there = await connections.use(connections.homeDatabase, (session) =>
    session.rows(doing, 'SELECT 1 FROM crdb_internal.databases WHERE name = $1', [name]),
  );
  if (there.length === 0) return;
  if (!(await connections.use(name, (session) => hasLedger(session, restore)))) return;
  await connections.use(connections.homeDatabase, (session) =>
    session.run(doing, `DROP DATABASE IF EXISTS ${alwaysQuote(name)} CASCADE`),
  );
  connections.forget(name);
}

/** A schema that this call creates is noted in the same transaction. */
export async function ensureSchema(
  connections: Connections,
  database: string,
  schema: string,
  restore: string,
): Promise<void> {
  await connections.use(database, async (session) => {
    const doing = `create schema ${quoteIdent(schema)}`;
    const id = await session.databaseId();
    await inTransaction(session, async () => {
      const there = await session.rows(
        doing,
        `SELECT 1 FROM system.namespace WHERE "parentID" = $1 AND "parentSchemaID" = 0 AND name = $2`,
        [id, schema],
      );
      if (there.length > 0) return;
      await session.run(doing, `CREATE SCHEMA ${alwaysQuote(schema)}`);
      await noteSchema(session, restore, schema);
    });
  });
}

/**
 * Implements Cluster.runDdl: all statements and their note, or none. An abort closes the connection: it rolls back.
 * Where interleaved tables are turned off, or gone (22.1), tables are made that aren't interleaved.
 */
export async function runDdl(
  connections: Connections,
  database: string,
  statements: string[],
  signal: AbortSignal,
  note?: LedgerNote,
): Promise<string[]> {
  return connections.use(database, async (session) => {
    const abort = () => session.release(true);
    let doing = 'start a transaction';
    const refuse = () => {
      if (signal.aborted) throw canceled(signal, doing);
    };
    refuse();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await session.databaseId();
      const possible = await withoutRefusedInterleaving(session, statements);
      await inTransaction(session, async () => {
        for (const statement of possible.statements) {
          refuse();
          doing = `run ${headOf(statement)}`;
          await session.run(doing, statement);
        }
        refuse();
        if (note !== undefined) await noteCreated(session, note.restore, note.created);
      });
      return possible.notes;
    } catch (error) {
      refuse();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  });
}

/** The setting is the cluster's own and is left as it is. From 22.1 on there is none. */
async function withoutRefusedInterleaving(
  session: Session,
  statements: string[],
): Promise<{ statements: string[]; notes: string[] }> {
  const plain = statements.map((sql) => (/\bINTERLEAVE\b/i.test(sql) ? withoutInterleaving(sql) : sql));
  const count = plain.filter((sql, at) => sql !== statements[at]).length;
  if (count === 0) return { statements, notes: [] };
  const [setting] = await session.rows<{ value: string }>(
    'ask for interleaved tables',
    `SELECT value FROM crdb_internal.cluster_settings WHERE variable = 'sql.defaults.interleaved_tables.enabled'`,
  );
  if (setting?.value === 'true') return { statements, notes: [] };
  const tables = count === 1 ? '1 table is' : `${count} tables are`;
  return {
    statements: plain,
    notes: [
      `${tables} restored without interleaving, which this cluster has turned off (sql.defaults.interleaved_tables.enabled). The rows are the same.`,
    ],
  };
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
  await connections.use(database, async (session) => {
    await session.databaseId();
    await session.rows(
      `set sequence ${printName({ ...name, database })}`,
      'SELECT setval($1::STRING, $2::INT8, $3::BOOL)',
      [sqlName(name), lastValue, isCalled],
    );
  });
}
