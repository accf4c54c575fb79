import type { DdlStep, Descriptor } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import type { KnownObject } from '../catalog.ts';
import type { Session } from '../session.ts';
import { describeByRow } from './by-row.ts';
import { literal } from '../../literal.ts';
import { commentStep, qualified, step } from './sql.ts';

type TypeDescriptor = Extract<Descriptor, { kind: 'type' }>;

interface TypeRow {
  oid: number;
  comment: string | null;
  labels: string[] | null;
  domain: DomainRow | null;
  attributes: AttributeRow[] | null;
  range: RangeRow | null;
}

interface DomainRow {
  base: string;
  collation: string | null;
  default: string | null;
  notNull: boolean;
  constraints: { name: string; definition: string; valid: boolean; comment: string | null }[];
}

interface AttributeRow {
  name: string;
  type: string;
  collation: string | null;
  comment: string | null;
}

interface RangeRow {
  subtype: string;
  opclass: string;
  collation: string | null;
  subtypeDiff: string | null;
  multirange: string | null;
}

/** Descriptors of enums, domains, composite and range types. */
export async function describeTypes(
  session: Session,
  objects: KnownObject[],
): Promise<Map<KnownObject, TypeDescriptor>> {
  const rows = await session.rows<TypeRow>('read types', typesSql(session.server.version), [
    objects.map((object) => object.found.oid),
  ]);
  return describeByRow(objects, rows, (object, row): TypeDescriptor => {
    return {
      kind: 'type',
      name: object.name,
      dependencies: object.dependencies,
      ddl: ddlOf(qualified(object.name.schema, object.name.name), row),
      comment: row.comment,
    };
  });
}

function ddlOf(name: string, row: TypeRow): DdlStep[] {
  const comment = commentStep(`${row.domain === null ? 'TYPE' : 'DOMAIN'} ${name}`, row.comment);
  if (row.domain !== null) return [...domainSteps(name, row.domain), ...comment];
  if (row.attributes !== null) return [...compositeSteps(name, row.attributes), ...comment];
  if (row.range !== null) return [step('create', printRange(name, row.range)), ...comment];
  return [
    step('create', `CREATE TYPE ${name} AS ENUM (${(row.labels ?? []).map(literal).join(', ')})`),
    ...comment,
  ];
}

function domainSteps(name: string, domain: DomainRow): DdlStep[] {
  const valid = domain.constraints.filter((constraint) => constraint.valid);
  const named = valid.map(
    (constraint) => `\n  CONSTRAINT ${quoteIdent(constraint.name)} ${constraint.definition}`,
  );
  // NOT NULL has a name, and stands among the constraints, from PostgreSQL 17.
  const bare = domain.notNull && !domain.constraints.some(({ definition }) => definition === 'NOT NULL');
  return [
    step(
      'create',
      `CREATE DOMAIN ${name} AS ${domain.base}` +
        (domain.collation === null ? '' : ` COLLATE ${domain.collation}`) +
        (domain.default === null ? '' : ` DEFAULT ${domain.default}`) +
        (bare ? ' NOT NULL' : '') +
        named.join(''),
    ),
    // There may be values that don't hold it: it comes after the rows.
    ...domain.constraints
      .filter((constraint) => !constraint.valid)
      .map((constraint) =>
        step(
          'finish',
          `ALTER DOMAIN ${name} ADD CONSTRAINT ${quoteIdent(constraint.name)} ${constraint.definition}`,
        ),
      ),
    ...domain.constraints.flatMap((constraint) =>
      commentStep(`CONSTRAINT ${quoteIdent(constraint.name)} ON DOMAIN ${name}`, constraint.comment),
    ),
  ];
}

function compositeSteps(name: string, attributes: AttributeRow[]): DdlStep[] {
  const lines = attributes.map(
    (attribute) =>
      `\n  ${quoteIdent(attribute.name)} ${attribute.type}` +
      (attribute.collation === null ? '' : ` COLLATE ${attribute.collation}`),
  );
  return [
    step('create', `CREATE TYPE ${name} AS (${lines.join(',')}${lines.length > 0 ? '\n' : ''})`),
    ...attributes.flatMap((attribute) =>
      commentStep(`COLUMN ${name}.${quoteIdent(attribute.name)}`, attribute.comment),
    ),
  ];
}

function printRange(name: string, range: RangeRow): string {
  const options = [
    `SUBTYPE = ${range.subtype}`,
    `SUBTYPE_OPCLASS = ${range.opclass}`,
    ...(range.collation === null ? [] : [`COLLATION = ${range.collation}`]),
    ...(range.subtypeDiff === null ? [] : [`SUBTYPE_DIFF = ${range.subtypeDiff}`]),
    ...(range.multirange === null ? [] : [`MULTIRANGE_TYPE_NAME = ${range.multirange}`]),
  ];
  return `CREATE TYPE ${name} AS RANGE (${options.join(', ')})`;
}

/** `schema.name` of a collation, where it isn't the type's own. */
function collationSql(collation: string, unless: string): string {
  return `(SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname)
           FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
           WHERE l.oid = ${collation} AND l.oid <> ${unless})`;
}

function typesSql(version: number): string {
  const multirange =
    version >= 140000
      ? `(SELECT quote_ident(n.nspname) || '.' || quote_ident(m.typname)
          FROM pg_type m JOIN pg_namespace n ON n.oid = m.typnamespace WHERE m.oid = r.rngmultitypid)`
      : 'NULL';
  return `
    SELECT t.oid, obj_description(t.oid, 'pg_type') AS comment,
      (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
       FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
      CASE WHEN t.typtype = 'd' THEN jsonb_build_object(
        'base', format_type(t.typbasetype, t.typtypmod),
        'collation', ${collationSql('t.typcollation', 'b.typcollation')},
        'default', coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)),
        'notNull', t.typnotnull,
        'constraints', coalesce((
          SELECT jsonb_agg(jsonb_build_object(
            'name', c.conname, 'definition', pg_get_constraintdef(c.oid), 'valid', c.convalidated,
            'comment', obj_description(c.oid, 'pg_constraint')) ORDER BY c.conname)
          FROM pg_constraint c WHERE c.contypid = t.oid), '[]')) END AS domain,
      CASE WHEN t.typtype = 'c' THEN coalesce((
        SELECT jsonb_agg(jsonb_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'collation', ${collationSql('a.attcollation', 'y.typcollation')},
          'comment', col_description(a.attrelid, a.attnum)) ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '[]') END AS attributes,
      (SELECT jsonb_build_object(
        'subtype', format_type(r.rngsubtype, NULL),
        'opclass', (SELECT quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
                    FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE o.oid = r.rngsubopc),
        'collation', ${collationSql('r.rngcollation', 's.typcollation')},
        'subtypeDiff', CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::regproc::text END,
        'multirange', ${multirange})
       FROM pg_range r JOIN pg_type s ON s.oid = r.rngsubtype WHERE r.rngtypid = t.oid) AS range
    FROM pg_type t
    LEFT JOIN pg_type b ON b.oid = t.typbasetype
    WHERE t.oid = ANY ($1::oid[])`;
}
