import type { DdlStep, Dependency } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import type { Session } from '../session.ts';
import { isHeir, type Lineage, sharesChecks } from './inheritance.ts';
import { commentStep, step } from './sql.ts';

export interface ConstraintRow {
  owner: number;
  name: string;
  type: 'p' | 'u' | 'x' | 'c' | 'f';
  definition: string;
  valid: boolean;
  /** False where it is there for a parent's sake only. */
  local: boolean;
  /** Names of the columns, in key order; null where it is on expressions. */
  columns: string[] | null;
  comment: string | null;
}

/** Constraints of these tables but NOT NULL, which stands with its column: keys first, foreign keys last. */
export async function readConstraints(session: Session, oids: number[]): Promise<ConstraintRow[]> {
  return session.rows<ConstraintRow>(
    'read constraints',
    `SELECT c.conrelid AS owner, c.conname AS name, c.contype AS type, pg_get_constraintdef(c.oid) AS definition,
            c.convalidated AS valid, c.conislocal AS local,
            (SELECT array_agg(a.attname::text ORDER BY k.position)
             FROM unnest(c.conkey) WITH ORDINALITY k (number, position)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS columns,
            obj_description(c.oid, 'pg_constraint') AS comment
     FROM pg_constraint c
     WHERE c.conrelid = ANY ($1::oid[]) AND c.contype IN ('p', 'u', 'x', 'c', 'f')
       AND NOT (c.contype = 'f' AND c.conparentid <> 0)
     ORDER BY c.conrelid, position(c.contype IN 'puxcf'), c.conname`,
    [oids],
  );
}

/** The checks that stand in CREATE TABLE: what children share must be there when they are made. */
export function inlineChecks(lineage: Lineage, constraints: ConstraintRow[]): ConstraintRow[] {
  if (!sharesChecks(lineage)) return [];
  return constraints.filter(({ type, valid, local }) => type === 'c' && valid && local);
}

/** `CONSTRAINT … CHECK …` in CREATE TABLE. */
export function printConstraint({ name, definition }: ConstraintRow): string {
  return `CONSTRAINT ${quoteIdent(name)} ${definition}`;
}

/** ALTER TABLE … ADD for each that isn't inline; a foreign key requires the table that it references. */
export function constraintSteps(
  table: string,
  lineage: Lineage,
  constraints: ConstraintRow[],
  dependencies: Dependency[],
): DdlStep[] {
  const inline = inlineChecks(lineage, constraints);
  return constraints.flatMap((constraint) => {
    const { name, type, comment } = constraint;
    const requires = dependencies.filter(
      ({ kind, via }) => via === name && (kind === 'function' || (type === 'f' && kind === 'foreign-key')),
    );
    const there = inline.includes(constraint) || (type === 'c' && isHeir(lineage) && !constraint.local);
    // The children get a check too, and the partitions a foreign key; keys are each table's own.
    const reaches = type === 'f' ? lineage.partitionKey !== null : type === 'c' && lineage.hasHeirs;
    return [
      ...(there
        ? []
        : [
            step(
              type === 'f' ? 'foreign-keys' : 'keys',
              `ALTER TABLE ${reaches ? '' : 'ONLY '}${table} ADD ${printConstraint(constraint)}`,
              requires,
            ),
          ]),
      // Without the referenced table there is no constraint to comment on.
      ...commentStep(`CONSTRAINT ${quoteIdent(name)} ON ${table}`, comment, requires),
    ];
  });
}
