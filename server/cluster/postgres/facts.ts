import type { Session } from './session.ts';

/**
 * A fingerprint of each object's definition, by oid. The functions that print definitions (`pg_get_indexdef` and
 * the like) show the catalogs as they are now, not as the transaction's snapshot has them: what they print is
 * the moment's only if these fingerprints, which do go by the snapshot, are still the same afterwards.
 */
export async function readFingerprints(
  session: Session,
  oids: { relations: number[]; types: number[]; functions: number[]; collations: number[] },
): Promise<Map<string, string>> {
  const rows = await session.rows<{ key: string; fingerprint: string }>(
    'compare definitions',
    `WITH fact (key, text) AS (
       SELECT 'r' || c.oid, row(c.relname, c.relnamespace, c.reloptions, c.relpersistence, c.relreplident,
                                c.relpartbound::text, CASE WHEN c.relkind = 'r' THEN c.relfilenode END)::text
       FROM pg_class c WHERE c.oid = ANY ($1::oid[])
       UNION ALL
       SELECT 'r' || i.inhrelid, row('inherits', i.inhseqno, i.inhparent)::text
       FROM pg_inherits i WHERE i.inhrelid = ANY ($1::oid[])
       UNION ALL
       SELECT 'r' || a.attrelid, row(a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity,
                                     a.attgenerated, a.attcollation, a.attstorage, a.attisdropped)::text
       FROM pg_attribute a WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0
       UNION ALL
       SELECT 'r' || d.adrelid, row('default', d.adnum, d.adbin::text)::text
       FROM pg_attrdef d WHERE d.adrelid = ANY ($1::oid[])
       UNION ALL
       SELECT 'r' || k.conrelid, row(k.oid, k.conname, k.condeferrable, k.condeferred, k.convalidated)::text
       FROM pg_constraint k WHERE k.conrelid = ANY ($1::oid[]) AND k.contype <> 't'
       UNION ALL
       SELECT 'r' || i.indrelid, row(i.indexrelid, x.relname, x.reloptions, i.indisvalid)::text
       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = ANY ($1::oid[])
       UNION ALL
       SELECT 'r' || w.ev_class, row(w.rulename, w.ev_action::text)::text
       FROM pg_rewrite w WHERE w.ev_class = ANY ($1::oid[]) AND w.rulename = '_RETURN'
       UNION ALL
       SELECT 'r' || p.polrelid, row(p.polname, p.polcmd, p.polpermissive, p.polroles, p.polqual::text,
                                     p.polwithcheck::text)::text
       FROM pg_policy p WHERE p.polrelid = ANY ($1::oid[])
       UNION ALL
       SELECT 'r' || s.stxrelid, row(s.oid, s.stxname)::text
       FROM pg_statistic_ext s WHERE s.stxrelid = ANY ($1::oid[])
       UNION ALL
       SELECT 't' || t.oid, row(t.typname, t.typnamespace, t.typnotnull, t.typdefaultbin::text)::text
       FROM pg_type t WHERE t.oid = ANY ($2::oid[])
       UNION ALL
       SELECT 't' || t.oid, row(a.attnum, a.attname, a.atttypid, a.atttypmod, a.attisdropped)::text
       FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid WHERE t.oid = ANY ($2::oid[]) AND t.typrelid <> 0
       UNION ALL
       SELECT 't' || k.contypid, row(k.oid, k.conname, k.convalidated)::text
       FROM pg_constraint k WHERE k.contypid = ANY ($2::oid[])
       UNION ALL
       SELECT 'f' || p.oid, row(p.proname, p.pronamespace, p.prosrc, p.proargdefaults::text, p.proconfig, p.provolatile,
                                p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel, p.prorettype)::text
       FROM pg_proc p WHERE p.oid = ANY ($3::oid[])
       UNION ALL
       SELECT 'c' || c.oid, row(c.collname, c.collnamespace)::text FROM pg_collation c WHERE c.oid = ANY ($4::oid[])
     )
     SELECT key, hashtextextended(string_agg(text, E'\\n' ORDER BY text COLLATE "C"), 0)::text AS fingerprint
     FROM fact GROUP BY key`,
    [oids.relations, oids.types, oids.functions, oids.collations],
  );
  return new Map(rows.map(({ key, fingerprint }) => [key, fingerprint]));
}
