import type { CollationDescriptor } from '../../descriptor.ts';
import { literal } from '../../literal.ts';
import type { KnownObject } from '../catalog.ts';
import type { Session } from '../session.ts';
import { describeByRow } from './by-row.ts';
import { commentStep, qualified, step } from './sql.ts';

interface CollationRow {
  oid: number;
  /** i(cu), (lib)c, b(uiltin), d(efault) */
  provider: string;
  deterministic: boolean;
  collate: string | null;
  ctype: string | null;
  locale: string | null;
  rules: string | null;
  comment: string | null;
}

const PROVIDERS: Record<string, string> = { i: 'icu', c: 'libc', b: 'builtin' };

/** Descriptors of collations. */
export async function describeCollations(
  session: Session,
  objects: KnownObject[],
): Promise<Map<KnownObject, CollationDescriptor>> {
  const rows = await session.rows<CollationRow>(
    'read collations',
    // Where an ICU locale is kept has changed with PostgreSQL 15 and 17, and rules came with 16.
    `SELECT c.oid, c.collprovider AS provider, c.collisdeterministic AS deterministic, c.collcollate AS collate,
            c.collctype AS ctype, coalesce(j.j ->> 'colllocale', j.j ->> 'colliculocale') AS locale,
            j.j ->> 'collicurules' AS rules, obj_description(c.oid, 'pg_collation') AS comment
     FROM pg_collation c
     CROSS JOIN LATERAL (SELECT to_jsonb(c) AS j) j
     WHERE c.oid = ANY ($1::oid[])`,
    [objects.map((object) => object.found.oid)],
  );
  return describeByRow(objects, rows, (object, row): CollationDescriptor => {
    const name = qualified(object.name.schema, object.name.name);
    return {
      kind: 'collation',
      name: object.name,
      dependencies: object.dependencies,
      ddl: [
        step('create', `CREATE COLLATION ${name} (${printParameters(row)})`),
        ...commentStep(`COLLATION ${name}`, row.comment),
      ],
      comment: row.comment,
    };
  });
}

function printParameters(row: CollationRow): string {
  const provider = PROVIDERS[row.provider] ?? row.provider;
  const place =
    provider === 'libc'
      ? [`LC_COLLATE = ${literal(row.collate ?? '')}`, `LC_CTYPE = ${literal(row.ctype ?? '')}`]
      : [`LOCALE = ${literal(row.locale ?? row.collate ?? '')}`];
  return [
    `PROVIDER = ${provider}`,
    ...place,
    ...(row.deterministic ? [] : ['DETERMINISTIC = false']),
    ...(row.rules === null ? [] : [`RULES = ${literal(row.rules)}`]),
  ].join(', ');
}
