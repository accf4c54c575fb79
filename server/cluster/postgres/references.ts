import type { Extension } from '../descriptor.ts';
import type { Session } from './session.ts';

/** The part of an object that refers to something else. */
export type Part =
  'self' | 'default' | 'check' | 'foreign-key' | 'key' | 'index' | 'query' | 'statistics' | 'policy';

/** What an object, or a part of it, refers to. Built-in things are left out: they are everywhere. */
export interface Reference {
  /** Key of the object that refers. */
  from: string;
  part: Part;
  /** Name of the column, constraint or index that refers; null for the object itself. */
  via: string | null;
  /** `relation`, `type`, `function`, `collation`, or any other class of catalog object, such as an operator. */
  target: 'relation' | 'type' | 'function' | 'collation' | 'other';
  /** The type that comes with a relation is meant. */
  rowType: boolean;
  /** Key of the object that is referred to; of no use where `target` is `other`. */
  to: string;
  /** Internal or automatic: the object lives and dies with the other. */
  owned: boolean;
  /** `function public.f(integer)`. */
  description: string;
  /** The extension that it belongs to. */
  extension: Extension | null;
}

/** Relations, types, functions and collations are counted by different catalogs: an oid alone is ambiguous. */
export function relationKey(oid: number): string {
  return `r${oid}`;
}
export function typeKey(oid: number): string {
  return `t${oid}`;
}

export function collationKey(oid: number): string {
  return `c${oid}`;
}
export function functionKey(oid: number | ''): string {
  return `f${oid}`;
}

/** Oids below are those of initdb: https://www.postgresql.org/docs/current/system-catalog-initial-data.html */
const FIRST_USER_OID = 16384;

/** What is referred to, as pg_describe_object takes it. */
const REFERRED_CLASS = `CASE WHEN r."rowType" THEN 'pg_class'::regclass ELSE r.refclassid END`;

/**
 * Whether what is referred to is still there, as PostgreSQL 13 has to be asked before it describes something: it fails over
 * what was dropped since the moment. For classes that it can't be asked about, it is taken to be.
 */
const STILL_THERE = `CASE ${REFERRED_CLASS}
  WHEN 'pg_class'::regclass THEN pg_table_is_visible(r.refobjid)
  WHEN 'pg_type'::regclass THEN pg_type_is_visible(r.refobjid)
  WHEN 'pg_proc'::regclass THEN pg_function_is_visible(r.refobjid)
  WHEN 'pg_collation'::regclass THEN pg_collation_is_visible(r.refobjid)
  WHEN 'pg_operator'::regclass THEN pg_operator_is_visible(r.refobjid)
  WHEN 'pg_opclass'::regclass THEN pg_opclass_is_visible(r.refobjid)
  WHEN 'pg_opfamily'::regclass THEN pg_opfamily_is_visible(r.refobjid)
  ELSE true END IS NOT NULL`;

/**
 * All references between the database's objects, in one query over pg_depend. A reference of an object to itself,
 * to an index of its own, or to a constraint (which its table stands for) is none.
 */
export async function readReferences(session: Session): Promise<Reference[]> {
  // Multiranges, which come with every range type, are younger than PostgreSQL 13.
  const rangeOfMultirange = session.server.version >= 140000 ? 'g.rngmultitypid = t.oid' : 'false';
  const stillThere = session.server.version >= 140000 ? 'true' : STILL_THERE;
  // Catalogs are hardly ever analysed: the planner takes them for empty, and its nested loops for free.
  await session.run('read the dependencies of its objects', 'SET LOCAL enable_nestloop = off');
  const references = await session.rows<Reference>(
    'read the dependencies of its objects',
    `WITH part (classid, objid, "from", part, via) AS MATERIALIZED (
       SELECT 'pg_class'::regclass::oid, c.oid, 'r' || c.oid, 'self', NULL::text
       FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
       UNION ALL
       SELECT 'pg_attrdef'::regclass, d.oid, 'r' || d.adrelid, 'default', a.attname
       FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
       UNION ALL
       SELECT 'pg_constraint'::regclass, c.oid,
              CASE WHEN c.conrelid <> 0 THEN 'r' || c.conrelid ELSE 't' || c.contypid END,
              CASE c.contype WHEN 'f' THEN 'foreign-key' WHEN 'c' THEN 'check' ELSE 'key' END, c.conname
       FROM pg_constraint c
       -- What a partition has of its partitioned table comes with being attached.
       WHERE c.contype <> 't' AND NOT (c.contype = 'f' AND c.conparentid <> 0)
       UNION ALL
       SELECT 'pg_class'::regclass, i.indexrelid, 'r' || i.indrelid, 'index', c.relname
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       UNION ALL
       SELECT 'pg_rewrite'::regclass, r.oid, 'r' || r.ev_class, 'query', NULL
       FROM pg_rewrite r WHERE r.rulename = '_RETURN'
       UNION ALL
       SELECT 'pg_policy'::regclass, p.oid, 'r' || p.polrelid, 'policy', p.polname FROM pg_policy p
       UNION ALL
       SELECT 'pg_statistic_ext'::regclass, s.oid, 'r' || s.stxrelid, 'statistics', s.stxname
       FROM pg_statistic_ext s
       UNION ALL
       SELECT 'pg_type'::regclass, t.oid, 't' || t.oid, 'self', NULL
       FROM pg_type t WHERE t.typtype IN ('b', 'e', 'd', 'r')
       UNION ALL
       SELECT 'pg_class'::regclass, c.oid, 't' || c.reltype, 'self', NULL
       FROM pg_class c WHERE c.relkind = 'c'
       UNION ALL
       SELECT 'pg_proc'::regclass, p.oid, 'f' || p.oid, 'self', NULL FROM pg_proc p
     ),
     reference AS MATERIALIZED (
       SELECT DISTINCT p."from", p.part,
              CASE WHEN p.part = 'self' THEN a.attname::text ELSE p.via END AS via,
              d.refclassid,
              CASE WHEN d.refclassid <> 'pg_type'::regclass THEN d.refobjid
                   WHEN y.typtype = 'c' AND y.typrelid <> 0 AND yc.relkind <> 'c' THEN y.typrelid
                   ELSE y.oid END AS refobjid,
              d.refclassid = 'pg_type'::regclass AND yc.relkind <> 'c' AS "rowType",
              d.deptype IN ('a', 'i') AS owned
       FROM part p
       JOIN pg_depend d ON d.classid = p.classid AND d.objid = p.objid
       LEFT JOIN pg_attribute a ON p.part = 'self' AND p.classid = 'pg_class'::regclass
                               AND a.attrelid = p.objid AND a.attnum = d.objsubid AND d.objsubid <> 0
       LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
       LEFT JOIN pg_range g ON ${rangeOfMultirange}
       LEFT JOIN pg_type y ON y.oid = CASE WHEN g.rngtypid IS NOT NULL THEN g.rngtypid
                                           WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
       LEFT JOIN pg_class yc ON yc.oid = y.typrelid
       WHERE p.objid >= ${FIRST_USER_OID} AND d.refobjid >= ${FIRST_USER_OID}
         AND d.deptype NOT IN ('e', 'x')
         AND d.refclassid NOT IN ('pg_namespace'::regclass, 'pg_constraint'::regclass, 'pg_rewrite'::regclass)
     )
     SELECT r."from", r.part, r.via, r.owned,
            CASE WHEN r."rowType" OR r.refclassid = 'pg_class'::regclass THEN 'relation'
                 WHEN r.refclassid = 'pg_type'::regclass THEN 'type'
                 WHEN r.refclassid = 'pg_proc'::regclass THEN 'function'
                 WHEN r.refclassid = 'pg_collation'::regclass THEN 'collation' ELSE 'other' END AS target,
            coalesce(r."rowType", false) AS "rowType",
            CASE WHEN r."rowType" OR r.refclassid = 'pg_class'::regclass THEN 'r'
                 WHEN r.refclassid = 'pg_proc'::regclass THEN 'f'
                 WHEN r.refclassid = 'pg_collation'::regclass THEN 'c' ELSE 't' END || r.refobjid AS "to",
            coalesce(CASE WHEN r."rowType" THEN 'the row type of ' ELSE '' END
                     || CASE WHEN ${stillThere} THEN pg_describe_object(${REFERRED_CLASS}, r.refobjid, 0) END,
                     'something that has been dropped') AS description,
            CASE WHEN x.oid IS NOT NULL
                 THEN jsonb_build_object('name', x.extname, 'schema', xn.nspname) END AS extension
     FROM reference r
     LEFT JOIN pg_depend e ON e.classid = r.refclassid AND e.objid = r.refobjid AND e.deptype = 'e'
     LEFT JOIN pg_extension x ON x.oid = e.refobjid
     LEFT JOIN pg_namespace xn ON xn.oid = x.extnamespace
     LEFT JOIN pg_class k ON r.refclassid = 'pg_class'::regclass AND k.oid = r.refobjid
     WHERE (r.refclassid <> 'pg_class'::regclass OR 'r' || r.refobjid <> r."from")
       AND (r.refclassid <> 'pg_type'::regclass OR 't' || r.refobjid <> r."from")
       AND (k.relkind IS NULL OR k.relkind NOT IN ('i', 'I', 't', 'c'))
     ORDER BY 1, 2, 3, 7`,
  );
  await session.run('read the dependencies of its objects', 'SET LOCAL enable_nestloop = on');
  return references;
}
