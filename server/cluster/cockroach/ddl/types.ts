import type { Descriptor } from '../../descriptor.ts';
import type { KnownObject } from '../catalog.ts';
import { literal } from '../../literal.ts';
import { qualified, step } from './sql.ts';

/**
 * Descriptors of enums, from their stored form. crdb_internal.create_type_statements would print the same, but a
 * node of CockroachDB 21.1 crashes when that is asked for some types only (`WHERE descriptor_id = …`: the table
 * claims an index that it doesn't have). So it is never asked.
 */
export function describeTypes(types: KnownObject[]): Descriptor[] {
  return types.flatMap(({ name, dependencies, comment, stored: { type } }): Descriptor[] => {
    if (type === undefined) return [];
    const members = type.enumMembers.map(({ logicalRepresentation }) => literal(logicalRepresentation));
    const create = `CREATE TYPE ${qualified(name.schema, name.name)} AS ENUM (${members.join(', ')})`;
    return [{ kind: 'type', name, dependencies, ddl: [step('create', create)], comment }];
  });
}
