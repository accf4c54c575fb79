import type { DdlStep, Dependency } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import type { Session } from '../session.ts';
import { commentStep, step } from './sql.ts';

export interface ConstraintRow {
  owner: number;
  name: string;
  type: 'p' | 'u' | 'x' | 'c' | 'f';
  definition: string;
  /** Names of the columns, in key order; null where it is on expressions. */
  columns: string[] | null;
  comment: string | null;
}

/** Constraints of these tables but NOT NULL, which stands with its column: keys first, foreign keys last. */
export async function readConstraints(session: Session, oids: number[]): Promise<ConstraintRow[]> {
  return session.rows<ConstraintRow>(
    'read constraints',
    `SELECT c.conrelid AS owner, c.conname AS name, c.contype AS type, pg_get_constraintdef(c.oid) AS definition,
            (SELECT array_agg(a.attname::text ORDER BY k.position)
             FROM unnest(c.conkey) WITH ORDINALITY k (number, position)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns,
            obj_description(c.oid, 'pg_constraint') AS comment
     FROM pg_constraint c
     WHERE c.conrelid = ANY ($1::oid[]) AND c.contype IN ('p', 'u', 'x', 'c', 'f')
     ORDER BY c.conrelid, position(c.contype IN 'puxcf'), c.conname`,
    [oids],
  );
}

/** ALTER TABLE … ADD for each; a foreign key requires the table that it references. */
export function constraintSteps(
  table: string,
  constraints: ConstraintRow[],
  dependencies: Dependency[],
): DdlStep[] {
  return constraints.flatMap(({ name, type, definition, comment }) => {
    const requires =
      type === 'f' ? dependencies.filter(({ kind, via }) => kind === 'foreign-key' && via === name) : [];
    return [
      step(
        type === 'f' ? 'foreign-keys' : 'keys',
        `ALTER TABLE ONLY ${table} ADD CONSTRAINT ${quoteIdent(name)} ${definition}`,
        requires,
      ),
      // Without the referenced table there is no constraint to comment on.
      ...commentStep(`CONSTRAINT ${quoteIdent(name)} ON ${table}`, comment, requires),
    ];
  });
}
