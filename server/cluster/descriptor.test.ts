import { describe, expect, it } from 'vitest';
import { type Dependency, descriptorSchema, neededToCreate } from './descriptor.ts';

const named = (name: string) => ({ database: 'd', schema: 'public', name });

describe('what an object needs to be created', () => {
  it('is all but what later steps alone require', () => {
    const interleaved: Dependency = { on: named('shops'), kind: 'interleave', via: 'its primary key' };
    const key: Dependency = { on: named('shops'), kind: 'foreign-key', via: 'of_shop' };
    const other: Dependency = { on: named('people'), kind: 'foreign-key', via: 'of_person' };
    const type: Dependency = { on: named('mood'), kind: 'type', via: 'column m' };
    const table = descriptorSchema.parse({
      kind: 'table',
      name: named('orders'),
      dependencies: [key, other, interleaved, type],
      ddl: [
        { phase: 'create', sql: 'CREATE TABLE orders …', requires: [interleaved, type] },
        { phase: 'foreign-keys', sql: 'ALTER TABLE orders …', requires: [key] },
        { phase: 'foreign-keys', sql: 'ALTER TABLE orders …', requires: [other] },
      ],
      comment: null,
      columns: [],
      primaryKey: null,
      rowKey: null,
      storage: null,
    });
    expect(neededToCreate(table)).toEqual([interleaved, type]);
  });
});
