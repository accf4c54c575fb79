import type { Session } from '../session.ts';
import { PUBLICATION } from './following.ts';

/** What tells a table's rows from each other, and which rows these are. */
export interface TableIdentity {
  oid: number;
  /** Columns of the replica identity, in key order; null where there is none that can be used. */
  rowKey: string[] | null;
  storage: string;
  /** Columns of its data files, in their order. */
  storedColumns: string[];
}

/**
 * Types whose values name objects of the database: their texts change with those objects' names, not with the rows.
 * https://www.postgresql.org/docs/current/datatype-oid.html
 */
const NAMING_TYPES =
  'regproc,regprocedure,regoper,regoperator,regclass,regcollation,regtype,regrole,regnamespace,regconfig,regdictionary';

/**
 * Of a table `c`: while it is published, PostgreSQL 18 refuses to update or delete its rows ("Replica identity must not
 * contain unpublished generated columns").
 */
export const REFUSED_WHEN_FOLLOWED = `(c.relreplident = 'f' AND current_setting('server_version_num')::int >= 180000
  AND EXISTS (SELECT FROM pg_attribute g
    WHERE g.attrelid = c.oid AND g.attnum > 0 AND NOT g.attisdropped AND g.attgenerated <> ''))`;

/**
 * The end of `storage`: `followed=` and the publication's and the membership's row, or why there is none. Rows' xmin: a
 * table that left the publication and came back, or a publication that was altered meanwhile, is another one.
 */
const FOLLOWED_SQL = `coalesce(
  (SELECT 'names' FROM used u WHERE u.owner = c.oid AND u.type = ANY ('{${NAMING_TYPES}}'::regtype[]) LIMIT 1),
  (SELECT format('%s.%s.%s.%s', p.oid, p.xmin, r.oid, r.xmin)
   FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
   WHERE r.prrelid = c.oid AND p.pubname = '${PUBLICATION}'
     AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate
     AND (to_jsonb(r) ->> 'prqual') IS NULL AND (to_jsonb(r) ->> 'prattrs') IS NULL),
  CASE WHEN c.relpersistence = 'u' THEN 'unlogged' WHEN c.relreplident = 'n' THEN 'nothing'
       WHEN ${REFUSED_WHEN_FOLLOWED} THEN 'refused' ELSE 'no' END)`;

/**
 * The index whose columns the WAL tells of each changed row, as RelationGetReplicaIndex chooses it: the primary key or
 * the index of REPLICA IDENTITY. https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY
 */
export const KEY_SQL = `(
  SELECT i.indexrelid, array_agg(a.attname::text ORDER BY k.position) AS columns
  FROM pg_index i
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL AND k.position <= i.indnkeyatts
    AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END
  GROUP BY i.indexrelid
  -- Generated columns are not in data files.
  HAVING bool_and(a.attnotnull AND a.attgenerated = ''))`;

/**
 * Identities of these tables, as the session's transaction sees them. `storage` is another one when a table was made
 * anew, truncated or rewritten (its file), when its columns, their types or NOT NULL changed, when values of its types
 * are other texts now (labels of an enum) or may be refused now (checks of a domain), or when it has another key.
 */
export async function readIdentities(session: Session, oids: number[]): Promise<Map<number, TableIdentity>> {
  const rows = await session.rows<TableIdentity>(
    'read the keys of tables',
    `WITH RECURSIVE used (owner, type) AS (
       SELECT a.attrelid, a.atttypid FROM pg_attribute a
       WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
       UNION
       SELECT u.owner, part.type FROM used u JOIN pg_type t ON t.oid = u.type
       CROSS JOIN LATERAL (
         SELECT t.typelem AS type
         UNION ALL SELECT t.typbasetype
         UNION ALL SELECT a.atttypid FROM pg_attribute a
           WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
         UNION ALL SELECT r.rngsubtype FROM pg_range r
           WHERE r.rngtypid = t.oid OR to_jsonb(r) ->> 'rngmultitypid' = t.oid::text) part
       WHERE part.type <> 0
     ), fact (owner, text) AS (
       SELECT u.owner, row(e.oid, e.enumlabel)::text FROM used u JOIN pg_enum e ON e.enumtypid = u.type
       UNION ALL
       SELECT u.owner, row(k.oid, k.convalidated)::text FROM used u JOIN pg_constraint k ON k.contypid = u.type
       UNION ALL
       SELECT u.owner, row(t.oid, t.typnotnull)::text FROM used u JOIN pg_type t ON t.oid = u.type
       WHERE u.type >= 16384
     )
     SELECT c.oid, key.columns AS "rowKey",
            format('%s/%s key=%s%s columns=%s types=%s followed=%s', c.oid, c.relfilenode, c.relreplident,
                   coalesce(key.indexrelid, 0),
                   (SELECT md5(string_agg(row(a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated,
                                              a.attcollation)::text, ',' ORDER BY a.attnum))
                    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                   (SELECT md5(string_agg(f.text, ',' ORDER BY f.text COLLATE "C")) FROM fact f WHERE f.owner = c.oid),
                   ${FOLLOWED_SQL}) AS storage,
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                  ORDER BY a.attnum) AS "storedColumns"
     FROM pg_class c LEFT JOIN LATERAL ${KEY_SQL} key ON true
     WHERE c.oid = ANY ($1::oid[])`,
    [oids],
  );
  return new Map(rows.map((row) => [row.oid, row]));
}

/** The table's oid and how it is followed, out of its `storage`; null for one that PostgreSQL didn't write. */
export function readStorage(storage: string | null): { oid: number; rest: string; followed: string } | null {
  const [, oid, rest, followed] = /^(\d+)(\/.*) followed=(.*)$/.exec(storage ?? '') ?? [];
  if (oid === undefined || rest === undefined || followed === undefined) return null;
  return { oid: Number(oid), rest, followed };
}
