import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkName } from '../storage/names.ts';
import { dataFileName } from './data-file-name.ts';

const name = (database: string, schema: string, table: string) => ({ database, schema, name: table });

it.each([
  [name('bank', 'public', 'accounts'), 'data/bank.public.accounts/7.copy.zst'],
  [name('Bank_2', 'my-schema', 'T'), 'data/Bank_2.my-schema.T/7.copy.zst'],
  [name('a.b', 'c', 'd'), 'data/a%2Eb.c.d/7.copy.zst'],
  [name('a', 'b.c', 'd'), 'data/a.b%2Ec.d/7.copy.zst'],
  [name('..', '/', '\\'), 'data/%2E%2E.%2F.%5C/7.copy.zst'],
  [name('50%', 'a b', '"q"'), 'data/50%25.a%20b.%22q%22/7.copy.zst'],
  [name('Köln', 'p', '表'), 'data/K%C3%B6ln.p.%E8%A1%A8/7.copy.zst'],
  [name('~', '\n', '\u0000'), 'data/%7E.%0A.%00/7.copy.zst'],
])('%j', (table, file) => {
  expect(dataFileName(table, '7')).toBe(file);
  expect(dataFileName(table, '7', 'deleted')).toBe(file.replace('7.copy', '7.deleted.copy'));
});

it('shortens overlong parts to a readable beginning and a hash', () => {
  const long = dataFileName(name(`a${'ü'.repeat(31)}`, 'ü'.repeat(31), 'ü'.repeat(31)), 'x'.repeat(300));
  expect(long).toMatch(/^data\/a(%C3%BC){19}%C3~[0-9a-f]{64}\/x{120}~[0-9a-f]{64}\.copy\.zst$/);
  for (const part of checkName(long)) expect(part.length).toBeLessThanOrEqual(220);
});

it('gives different names to different tables and tasks, all of them fit for every store', () => {
  const identifier = fc.oneof(
    fc.string({ minLength: 1, maxLength: 63, unit: 'grapheme' }),
    fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', '.', '%', '2', 'E', '~', '/') }),
  );
  const given = fc.record({
    table: fc.record({ database: identifier, schema: identifier, name: identifier }),
    task: identifier,
  });
  fc.assert(
    fc.property(given, given, (a, b) => {
      const names = [a, b].map(({ table, task }) => dataFileName(table, task));
      for (const file of names) checkName(file);
      expect(names[0] === names[1]).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 500, seed: 20261122 },
  );
});
