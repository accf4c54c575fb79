import type { ObjectKind } from '../descriptor.ts';
import { PUBLICATION } from './changes/following.ts';
import { rowEstimateSql } from './estimates.ts';
import { isLedgerSql } from './ledger.ts';
import { collationKey, functionKey, relationKey, typeKey } from './references.ts';
import type { Session } from './session.ts';

/** pg_class.relkind, for types pg_type.typtype after a `t`; `fn`, `co`. */
export type Sort = 'r' | 'p' | 'f' | 'v' | 'm' | 'S' | 'te' | 'td' | 'tc' | 'tr' | 'tb' | 'fn' | 'co';

/** An object as the catalogs list it, before its references are followed. */
export interface FoundObject {
  key: string;
  oid: number;
  kind: ObjectKind;
  sort: Sort;
  schema: string;
  name: string;
  /** May this session's user read it, and are no rows hidden from it. */
  readable: boolean;
  hidden: boolean;
  rows: number | null;
  bytes: number | null;
  /** Why this object can't be backed up, as far as it itself says. */
  refusal: string | null;
  leftOut: string[];
}

/** What is only looked up in the catalogs can be read by anybody. */
const WITHOUT_ROWS = { readable: true, hidden: false, rows: null, bytes: null } as const;

const KINDS: Record<Sort, ObjectKind> = {
  r: 'table',
  p: 'table',
  f: 'table',
  v: 'view',
  m: 'materialized-view',
  S: 'sequence',
  te: 'type',
  td: 'type',
  tc: 'type',
  tr: 'type',
  tb: 'type',
  fn: 'function',
  co: 'collation',
};

/** Every relation, type and collation of the database that isn't the server's own and doesn't belong to an extension. */
export async function findObjects(session: Session): Promise<FoundObject[]> {
  const relations = await findRelations(session);
  return [...relations, ...(await findTypes(session)), ...(await findCollations(session))];
}

interface RelationRow {
  oid: number;
  sort: 'r' | 'p' | 'f' | 'v' | 'm' | 'S';
  schema: string;
  name: string;
  readable: boolean;
  hidden: boolean;
  rows: number | null;
  bytes: string | null;
  typed: boolean;
  accessMethod: string | null;
  triggers: number;
  disabledChecks: number;
  rules: number;
  publications: number;
  invalidIndexes: number;
  securityLabels: number;
  granted: boolean;
  tablespace: string | null;
}

async function findRelations(session: Session): Promise<FoundObject[]> {
  const rows = await session.rows<RelationRow>(
    'list its objects',
    // The size of a table that is being altered could only be had by waiting for that to end: pages as of the last
    // VACUUM must do, and its bytes are unknown.
    `WITH altered AS MATERIALIZED (
       SELECT l.relation FROM pg_locks l
       WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
         AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
     SELECT c.oid, c.relkind AS sort, n.nspname AS schema, c.relname AS name,
            coalesce(has_schema_privilege(n.oid, 'USAGE'), true)
            AND coalesce(has_table_privilege(c.oid, 'SELECT'), true) AS readable,
            c.relrowsecurity AND coalesce(row_security_active(c.oid), false) AS hidden,
            (${rowEstimateSql('size.pages', session.server.blockSize)})::float8 AS rows,
            CASE WHEN c.relkind IN ('r', 'm') AND NOT busy.yes THEN pg_table_size(c.oid)::text END AS bytes,
            c.reloftype <> 0 AS typed, m.amname AS "accessMethod",
            (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)::int AS triggers,
            (SELECT count(*) FROM pg_trigger t
             WHERE t.tgrelid = c.oid AND t.tgisinternal AND t.tgenabled <> 'O')::int AS "disabledChecks",
            (SELECT count(*) FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN')::int AS rules,
            (SELECT count(*) FROM pg_publication_rel p JOIN pg_publication b ON b.oid = p.prpubid
             WHERE p.prrelid = c.oid AND b.pubname <> '${PUBLICATION}')::int AS publications,
            (SELECT count(*) FROM pg_index x WHERE x.indrelid = c.oid AND NOT x.indisvalid)::int AS "invalidIndexes",
            (SELECT count(*) FROM pg_seclabel l
             WHERE l.classoid = 'pg_class'::regclass AND l.objoid = c.oid)::int AS "securityLabels",
            c.relacl IS NOT NULL OR EXISTS (SELECT FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped) AS granted,
            s.spcname AS tablespace
     FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_am m ON m.oid = c.relam
     LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
     CROSS JOIN LATERAL (SELECT c.oid IN (SELECT relation FROM altered) AS yes) busy
     CROSS JOIN LATERAL (SELECT CASE WHEN c.relkind NOT IN ('r', 'm') THEN NULL WHEN busy.yes THEN c.relpages
       ELSE coalesce(pg_relation_size(c.oid), 0) / ${session.server.blockSize}::float8 END AS pages) size
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT ${isLedgerSql('n')}
       AND NOT EXISTS (SELECT FROM pg_depend e
         WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
     -- Default partitions last: attaching any other one reads what the default one holds already.
     ORDER BY coalesce(pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', false), n.nspname, c.relname`,
  );
  return rows.map((row) => ({
    key: relationKey(row.oid),
    oid: row.oid,
    kind: KINDS[row.sort],
    sort: row.sort,
    schema: row.schema,
    name: row.name,
    readable: row.readable,
    hidden: row.hidden,
    rows: row.rows,
    bytes: row.bytes === null ? null : Number(row.bytes),
    refusal: refusalOf(row),
    leftOut: leftOutOf(row),
  }));
}

function refusalOf(row: RelationRow): string | null {
  if (row.sort === 'f') return 'it is a foreign table: its rows are on another server';
  if (row.sort !== 'r' && row.sort !== 'm') return null;
  if (row.typed) return 'it is a typed table (CREATE TABLE … OF), which backups do not cover yet';
  if (row.accessMethod !== null && row.accessMethod !== 'heap')
    return `it is stored by the access method ${row.accessMethod}, which backups do not cover yet`;
  return null;
}

function leftOutOf(row: RelationRow): string[] {
  const out: string[] = [];
  const counted = (count: number, one: string, many: string) => {
    if (count > 0) out.push(count === 1 ? `1 ${one}` : `${count} ${many}`);
  };
  if (row.sort === 'm') out.push('its stored rows: a restore runs its query again');
  counted(row.triggers, 'trigger', 'triggers');
  counted(row.disabledChecks, 'disabled constraint trigger', 'disabled constraint triggers');
  counted(row.rules, 'rule', 'rules');
  counted(row.publications, 'publication', 'publications');
  counted(row.invalidIndexes, 'invalid index', 'invalid indexes');
  counted(row.securityLabels, 'security label', 'security labels');
  if (row.granted) out.push('grants');
  if (row.tablespace !== null) out.push(`its tablespace ${row.tablespace}`);
  return out;
}

interface TypeRow {
  oid: number;
  typtype: 'b' | 'e' | 'd' | 'r' | 'c';
  schema: string;
  name: string;
  granted: boolean;
}

async function findTypes(session: Session): Promise<FoundObject[]> {
  const rows = await session.rows<TypeRow>(
    'list its types',
    `SELECT t.oid, t.typtype, n.nspname AS schema, t.typname AS name, t.typacl IS NOT NULL AS granted
     FROM pg_type t
     JOIN pg_namespace n ON n.oid = t.typnamespace
     LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c'
            OR t.typtype = 'b' AND (t.typcategory <> 'A' OR t.typelem = 0))
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT ${isLedgerSql('n')}
       AND NOT EXISTS (SELECT FROM pg_depend e
         WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
     ORDER BY n.nspname, t.typname`,
  );
  return rows.map((row) => ({
    key: typeKey(row.oid),
    oid: row.oid,
    kind: 'type',
    sort: `t${row.typtype}`,
    schema: row.schema,
    name: row.name,
    ...WITHOUT_ROWS,
    refusal:
      row.typtype === 'b' ? 'it is a base type, made of functions, which backups do not cover yet' : null,
    leftOut: row.granted ? ['grants'] : [],
  }));
}

async function findCollations(session: Session): Promise<FoundObject[]> {
  const rows = await session.rows<{ oid: number; schema: string; name: string }>(
    'list its collations',
    `SELECT c.oid, n.nspname AS schema, c.collname AS name
     FROM pg_collation c
     JOIN pg_namespace n ON n.oid = c.collnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_depend e
       WHERE e.classid = 'pg_collation'::regclass AND e.objid = c.oid AND e.deptype = 'e')
     ORDER BY n.nspname, c.collname`,
  );
  return rows.map((row) => ({
    ...WITHOUT_ROWS,
    ...row,
    key: collationKey(row.oid),
    kind: 'collation',
    sort: 'co',
    refusal: null,
    leftOut: [],
  }));
}

interface FunctionRow {
  oid: number;
  schema: string;
  name: string;
  sort: 'f' | 'p' | 'a' | 'w';
  language: string;
  definer: boolean;
  granted: boolean;
}

/** Languages that every server has and whose functions are all there in their text. */
const LANGUAGES: readonly string[] = ['sql', 'plpgsql', 'internal'];

/** Those of these functions that don't belong to an extension. */
export async function findFunctions(session: Session, oids: number[]): Promise<FoundObject[]> {
  const rows = await session.rows<FunctionRow>(
    'list its functions',
    `SELECT p.oid, n.nspname AS schema,
            quote_ident(p.proname) || '(' || array_to_string(ARRAY(
              SELECT format_type(a.type, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a (type, position)
              ORDER BY a.position), ',') || ')' AS name,
            p.prokind AS sort, l.lanname AS language, p.prosecdef AS definer, p.proacl IS NOT NULL AS granted
     FROM pg_proc p
     JOIN pg_namespace n ON n.oid = p.pronamespace
     JOIN pg_language l ON l.oid = p.prolang
     WHERE p.oid = ANY ($1::oid[]) AND NOT EXISTS (SELECT FROM pg_depend e
       WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
     ORDER BY n.nspname, 3`,
    [oids],
  );
  return rows.map((row) => ({
    key: functionKey(row.oid),
    oid: row.oid,
    kind: 'function',
    sort: 'fn',
    schema: row.schema,
    name: row.name,
    ...WITHOUT_ROWS,
    refusal: functionRefusal(row),
    leftOut: [
      ...(row.definer ? ['its owner, as whom it runs (SECURITY DEFINER)'] : []),
      ...(row.granted ? ['grants'] : []),
    ],
  }));
}

function functionRefusal({ sort, language }: FunctionRow): string | null {
  if (sort === 'a') return 'it is an aggregate, which backups do not cover yet';
  if (LANGUAGES.includes(language)) return null;
  return `it is written in ${language}, which not every server has, and backups do not cover yet`;
}
