import type { FunctionDescriptor } from '../../descriptor.ts';
import type { KnownObject } from '../catalog.ts';
import { functionSql } from '../ledger-drops.ts';
import type { Session } from '../session.ts';
import { describeByRow } from './by-row.ts';
import { commentStep, step } from './sql.ts';

interface FunctionRow {
  oid: number;
  definition: string;
  comment: string | null;
}

/** Descriptors of plain functions. Their names have the types of their arguments, as SQL: `f(integer,text)`. */
export async function describeFunctions(
  session: Session,
  objects: KnownObject[],
): Promise<Map<KnownObject, FunctionDescriptor>> {
  const rows = await session.rows<FunctionRow>(
    'read functions',
    `SELECT p.oid, pg_get_functiondef(p.oid) AS definition, obj_description(p.oid, 'pg_proc') AS comment
     FROM pg_proc p WHERE p.oid = ANY ($1::oid[])`,
    [objects.map((object) => object.found.oid)],
  );
  return describeByRow(objects, rows, (object, row): FunctionDescriptor => {
    return {
      kind: 'function',
      name: object.name,
      dependencies: object.dependencies,
      ddl: [
        // What is there under that name is somebody else's, and stays.
        step('create', row.definition.trim().replace(/^CREATE OR REPLACE /, 'CREATE ')),
        ...commentStep(`FUNCTION ${functionSql(object.name)}`, row.comment),
      ],
      comment: row.comment,
    };
  });
}
