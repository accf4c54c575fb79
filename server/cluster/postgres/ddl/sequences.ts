import type { SequenceDescriptor } from '../../descriptor.ts';
import { quoteIdent, sqlName } from '../../names.ts';
import { type KnownObject, viaColumn } from '../catalog.ts';
import type { Session } from '../session.ts';
import { commentStep, qualified, step } from './sql.ts';

export interface SequenceRow {
  oid: number;
  schema: string;
  name: string;
  type: string;
  start: string;
  increment: string;
  min: string;
  max: string;
  cache: string;
  cycle: boolean;
  unlogged: boolean;
  comment: string | null;
}

/** Sequences read by one statement: enough to be quick, few enough for the parser. */
const BATCH = 200;

export async function readSequences(session: Session, oids: number[]): Promise<SequenceRow[]> {
  return session.rows<SequenceRow>(
    'read sequences',
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, format_type(s.seqtypid, NULL) AS type,
            s.seqstart::text AS start, s.seqincrement::text AS increment, s.seqmin::text AS min,
            s.seqmax::text AS max, s.seqcache::text AS cache, s.seqcycle AS cycle,
            c.relpersistence = 'u' AS unlogged, obj_description(c.oid, 'pg_class') AS comment
     FROM pg_sequence s
     JOIN pg_class c ON c.oid = s.seqrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE s.seqrelid = ANY ($1::oid[])`,
    [oids],
  );
}

/** The identity sequences of these tables, by table and column number. */
export async function readIdentitySequences(
  session: Session,
  tables: number[],
): Promise<Map<string, SequenceRow>> {
  const owners = await session.rows<{ sequence: number; owner: number; column: number }>(
    'read identity columns',
    `SELECT d.objid AS sequence, d.refobjid AS owner, d.refobjsubid AS column
     FROM pg_depend d
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
       AND d.refobjid = ANY ($1::oid[]) AND d.refobjsubid > 0
       AND EXISTS (SELECT FROM pg_sequence s WHERE s.seqrelid = d.objid)`,
    [tables],
  );
  const sequences = await readSequences(
    session,
    owners.map(({ sequence }) => sequence),
  );
  const byOid = new Map(sequences.map((sequence) => [sequence.oid, sequence]));
  return new Map(
    owners.flatMap(({ sequence, owner, column }) => {
      const row = byOid.get(sequence);
      return row === undefined ? [] : [[`${owner}.${column}`, row] as const];
    }),
  );
}

function printParameters(row: SequenceRow): string {
  return (
    `INCREMENT BY ${row.increment} MINVALUE ${row.min} MAXVALUE ${row.max} START WITH ${row.start} ` +
    `CACHE ${row.cache} ${row.cycle ? 'CYCLE' : 'NO CYCLE'}`
  );
}

/** `GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME …)`: the column makes its own sequence. */
export function printIdentity(mode: 'a' | 'd', row: SequenceRow): string {
  const when = mode === 'a' ? 'ALWAYS' : 'BY DEFAULT';
  return `GENERATED ${when} AS IDENTITY (SEQUENCE NAME ${qualified(row.schema, row.name)} ${printParameters(row)})`;
}

/**
 * Sequences with their state. A sequence is not transactional: the state is the one of now, which is never
 * behind the moment's, so that no value in the backed-up rows is given out again.
 */
export async function describeSequences(
  session: Session,
  objects: KnownObject[],
): Promise<Map<KnownObject, SequenceDescriptor>> {
  const rows = await readSequences(
    session,
    objects.map((object) => object.found.oid),
  );
  const byOid = new Map(rows.map((row) => [row.oid, row]));
  const described = new Map<KnownObject, SequenceDescriptor>();
  for (let first = 0; first < objects.length; first += BATCH) {
    const batch = objects.slice(first, first + BATCH);
    const states = await readStates(session, batch);
    for (const object of batch) {
      const row = byOid.get(object.found.oid);
      const state = states.get(object.found.oid);
      if (row !== undefined && state !== undefined) described.set(object, describe(object, row, state));
    }
  }
  return described;
}

interface State {
  oid: number;
  lastValue: string;
  isCalled: boolean;
}

async function readStates(session: Session, objects: KnownObject[]): Promise<Map<number, State>> {
  const rows = await session.rows<State>(
    'read the values of sequences',
    objects
      .map(
        ({ found, name }) =>
          `SELECT ${found.oid}::oid AS oid, last_value::text AS "lastValue", is_called AS "isCalled" FROM ${sqlName(name)}`,
      )
      .join(' UNION ALL '),
  );
  return new Map(rows.map((row) => [row.oid, row]));
}

function describe(object: KnownObject, row: SequenceRow, state: State): SequenceDescriptor {
  const name = qualified(row.schema, row.name);
  const { owner } = object;
  const create = step(
    'create',
    `CREATE ${row.unlogged ? 'UNLOGGED ' : ''}SEQUENCE ${name} AS ${row.type} ${printParameters(row)}`,
  );
  const owned =
    owner &&
    step(
      'finish',
      `ALTER SEQUENCE ${name} OWNED BY ${qualified(owner.table.schema, owner.table.name)}.${quoteIdent(owner.column)}`,
      [{ on: owner.table, kind: 'sequence', via: viaColumn(owner.column) }],
    );
  return {
    kind: 'sequence',
    name: object.name,
    dependencies: object.dependencies,
    ddl: [
      // An identity column's definition makes its sequence.
      ...(owner?.identity ? [] : [create, ...(owned ? [owned] : [])]),
      ...commentStep(`SEQUENCE ${name}`, row.comment),
    ],
    comment: row.comment,
    lastValue: state.lastValue,
    isCalled: state.isCalled,
    ownedBy: owner,
  };
}
