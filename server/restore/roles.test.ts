import { expect, it } from 'vitest';
import { bareTable } from './fixtures.ts';
import { missingRoles } from './roles.ts';

it('names each role that is missing once, with the tables that have policies for it', async () => {
  const table = (name: string, ...roles: string[]) =>
    bareTable(name, {
      ddl: roles.map((role) => ({ phase: 'finish', sql: '', requires: [], roles: [role] })),
    });
  let asked = 0;
  const cluster = {
    users: () => {
      asked += 1;
      return Promise.resolve([{ name: 'app', passwordHash: null, attributes: [], memberOf: [] }]);
    },
  };
  expect(await missingRoles(cluster, [table('a')])).toEqual([]);
  expect(asked).toBe(0);
  expect(
    await missingRoles(cluster, [
      table('a', 'app', 'gone', 'pg_monitor'),
      table('b', 'gone', 'gone'),
      table('c', 'app'),
    ]),
  ).toEqual(['Role gone is missing: the policies of bank.public.a, bank.public.b are restored without it.']);
});
