import { expect, it } from 'vitest';
import type { HoldfastError } from '../errors.ts';
import { checkExtensions } from './extensions.ts';
import { bareTable } from './fixtures.ts';
import type { RestoreItem } from './plan.ts';

function table(name: string, ...extensions: string[]): RestoreItem {
  const item = bareTable(name, {
    extensions: extensions.map((extension) => ({ name: extension, schema: 'public' })),
  });
  return { ...item, target: { ...item.target, database: 'copy' } };
}

async function check(items: RestoreItem[], creates: string[] = []) {
  const asked: (string | null)[] = [];
  const problems: HoldfastError[] = [];
  const warnings: string[] = [];
  const cluster = {
    extensions: (database: string | null) => {
      asked.push(database);
      return Promise.resolve([
        { name: 'there', schema: database === null ? null : 'public' },
        { name: 'elsewhere', schema: database === null ? null : 'other' },
        { name: 'available', schema: null },
      ]);
    },
  };
  const created = await checkExtensions(cluster, items, creates, problems, warnings);
  return { asked, created, warnings, problems: problems.map(({ code, message }) => `${code}: ${message}`) };
}

it('creates what the database lacks and says so', async () => {
  expect(await check([table('a', 'there', 'available'), table('b', 'available')])).toEqual({
    asked: ['copy'],
    created: [{ name: 'available', schema: 'public', database: 'copy' }],
    warnings: ['The extension available is created in copy, for copy.public.a and 1 more.'],
    problems: [],
  });
});

it('creates all of them in a new database', async () => {
  const { asked, created, problems } = await check([table('a', 'there', 'elsewhere')], ['copy']);
  expect(asked).toEqual([null]);
  expect(created.map(({ name }) => name)).toEqual(['there', 'elsewhere']);
  expect(problems).toEqual([]);
});

it('refuses what the server has not, or has elsewhere, and asks nothing where nothing is needed', async () => {
  expect(await check([table('a', 'elsewhere', 'unheard of')])).toMatchObject({
    created: [],
    problems: [
      'missing-dependency: cannot restore copy.public.a: the extension elsewhere is in schema other of copy, not in public',
      'missing-dependency: cannot restore copy.public.a without the extension "unheard of", which this server does not have',
    ],
  });
  expect((await check([table('a')])).asked).toEqual([]);
});
