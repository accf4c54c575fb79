import type { SequenceDescriptor } from '../../descriptor.ts';
import { alwaysQuote, quoteIdent, sqlName } from '../../names.ts';
import { type KnownObject, viaColumn } from '../catalog.ts';
import type { Session } from '../session.ts';
import type { Definition } from './definitions.ts';
import { qualified, step } from './sql.ts';

/** Descriptors of sequences with their state as this session's transaction sees it. */
export async function describeSequences(
  session: Session,
  sequences: KnownObject[],
  definitions: Map<number, Definition>,
): Promise<SequenceDescriptor[]> {
  const described: SequenceDescriptor[] = [];
  for (const object of sequences) {
    const definition = definitions.get(object.id);
    if (definition === undefined) continue;
    const [state] = await session.rows<{ value: string; called: boolean }>(
      `read sequence ${quoteIdent(object.name.name)}`,
      `SELECT last_value::STRING AS value, is_called AS called
       FROM ${alwaysQuote(session.place.database)}.${sqlName(object.name)}`,
    );
    if (state !== undefined) described.push(describe(object, definition, state.value, state.called));
  }
  return described;
}

function describe(
  object: KnownObject,
  definition: Definition,
  lastValue: string,
  isCalled: boolean,
): SequenceDescriptor {
  const name = qualified(object.name.schema, object.name.name);
  const options = object.stored.table?.sequenceOpts;
  const { owner } = object;
  // CockroachDB 21.1 resets the other options of a sequence that it only gives an owner: so they are said again.
  const owned =
    owner && options
      ? [
          step(
            'finish',
            `ALTER SEQUENCE ${name} OWNED BY ${qualified(owner.table.schema, owner.table.name)}.${quoteIdent(owner.column)} ` +
              `MINVALUE ${options.minValue} MAXVALUE ${options.maxValue} INCREMENT ${options.increment} START ${options.start}`,
            [{ on: owner.table, kind: 'sequence' as const, via: viaColumn(owner.column) }],
          ),
        ]
      : [];
  return {
    kind: 'sequence',
    name: object.name,
    dependencies: object.dependencies,
    ddl: [
      step('create', definition.create),
      ...owned,
      ...definition.comments.map((sql) => step('finish', sql)),
    ],
    comment: object.comment,
    ...asGiven(lastValue, isCalled, options),
    ownedBy: owner && { ...owner, identity: false },
  };
}

/**
 * A sequence that gave no value yet has one below its start, which CockroachDB calls the last one all the same
 * (99 of START 100); it may be out of bounds, where setval refuses it. What it gives next is what counts.
 */
function asGiven(
  lastValue: string,
  isCalled: boolean,
  options: { increment: string; start: string } | null | undefined,
): { lastValue: string; isCalled: boolean } {
  if (!options) return { lastValue, isCalled };
  const isBefore = BigInt(lastValue) === BigInt(options.start) - BigInt(options.increment);
  return isBefore ? { lastValue: options.start, isCalled: false } : { lastValue, isCalled };
}
