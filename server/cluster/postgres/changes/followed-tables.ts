import { alwaysQuote } from '../../names.ts';
import { isLedgerSql } from '../ledger.ts';
import type { Session } from '../session.ts';
import { PUBLICATION } from './following.ts';
import { KEY_SQL, REFUSED_WHEN_FOLLOWED } from './identity.ts';

/** A table as far as following it goes. */
export interface FollowedTable {
  schema: string;
  name: string;
  /** Its rows have a key that the WAL tells, and may be followed. */
  keyed: boolean;
  unlogged: boolean;
  followed: boolean;
  /** The session's user may put it into a publication. */
  owned: boolean;
}

/** Tables that are named one by one. */
export const NAMED = 5;

/** `a, b and 3 more tables`: the first of the names, and how many there are besides, with `others` after it. */
export function firstNames(names: readonly string[], others: 'more' | 'more tables'): string {
  const rest = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${rest} ${others}` : '');
}

/** The statement that has a table followed. */
export function addTable(schema: string, name: string): string {
  return `ALTER PUBLICATION ${PUBLICATION} ADD TABLE ONLY ${alwaysQuote(schema)}.${alwaysQuote(name)};`;
}

/** All tables of the session's database that have rows of their own. */
export async function readTables(session: Session): Promise<FollowedTable[]> {
  return session.rows<FollowedTable>(
    'list the tables',
    `SELECT n.nspname AS schema, c.relname AS name,
            EXISTS (SELECT FROM ${KEY_SQL} key) AND c.relreplident <> 'n' AND NOT ${REFUSED_WHEN_FOLLOWED} AS keyed, c.relpersistence = 'u' AS unlogged,
            pg_has_role(c.relowner, 'USAGE') AS owned,
            EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
                    WHERE r.prrelid = c.oid AND p.pubname = '${PUBLICATION}') AS followed
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND NOT c.relispartition
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT ${isLedgerSql('n')}
       AND NOT EXISTS (SELECT FROM pg_depend e
         WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
     ORDER BY n.nspname, c.relname`,
  );
}
