import type { DdlStep, Dependency } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import { viaIndex } from '../catalog.ts';
import type { Session } from '../session.ts';
import { commentStep, printOptions, qualified, step } from './sql.ts';

export interface IndexRow {
  owner: number;
  schema: string;
  name: string;
  definition: string;
  /** Made by a constraint, whose definition then leaves the storage options out. */
  ofConstraint: boolean;
  options: string[] | null;
  clustered: boolean;
  replicaIdentity: boolean;
  /** Statistics targets of columns that are expressions: `[[2, 500]]`. */
  statistics: [number, number][];
  comment: string | null;
}

/** Valid indexes of these relations. An invalid one is a failed CREATE INDEX CONCURRENTLY and is of no use. */
export async function readIndexes(session: Session, oids: number[]): Promise<IndexRow[]> {
  return session.rows<IndexRow>(
    'read indexes',
    `SELECT i.indrelid AS owner, n.nspname AS schema, c.relname AS name, pg_get_indexdef(c.oid) AS definition,
            EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.conindid = c.oid
                    AND k.contype IN ('p', 'u', 'x')) AS "ofConstraint",
            c.reloptions AS options, i.indisclustered AS clustered, i.indisreplident AS "replicaIdentity",
            coalesce((SELECT jsonb_agg(jsonb_build_array(a.attnum, a.attstattarget) ORDER BY a.attnum)
                      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0), '[]') AS statistics,
            obj_description(c.oid, 'pg_class') AS comment
     FROM pg_index i
     JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid
     ORDER BY i.indrelid, c.relname`,
    [oids],
  );
}

/** CREATE INDEX and what belongs to it; one requires the functions that it calls. */
export function indexSteps(alter: string, indexes: IndexRow[], dependencies: Dependency[]): DdlStep[] {
  return indexes.flatMap((index) => {
    const name = qualified(index.schema, index.name);
    return [
      ...(index.ofConstraint ? [] : [step('indexes', index.definition, neededBy(index))]),
      ...(index.ofConstraint && index.options !== null
        ? [step('finish', `ALTER INDEX ${name} SET (${printOptions(index.options)})`)]
        : []),
      ...index.statistics.map(([column, target]) =>
        step('finish', `ALTER INDEX ${name} ALTER COLUMN ${column} SET STATISTICS ${target}`),
      ),
      ...(index.clustered ? [step('finish', `${alter} CLUSTER ON ${quoteIdent(index.name)}`)] : []),
      ...(index.replicaIdentity
        ? [step('finish', `${alter} REPLICA IDENTITY USING INDEX ${quoteIdent(index.name)}`)]
        : []),
      ...commentStep(`INDEX ${name}`, index.comment),
    ];
  });

  function neededBy(index: IndexRow): Dependency[] {
    return dependencies.filter(({ kind, via }) => kind === 'function' && via === viaIndex(index.name));
  }
}
