import { describe, expect, it } from 'vitest';
import type { ObjectKind } from '../cluster/descriptor.ts';
import type { ObjectName } from '../cluster/names.ts';
import type { TablePattern, Targets } from '../statement/ast.ts';
import { missingDependencies } from './dependencies.ts';
import { matchTargets } from './targets.ts';
import type { TargetObject } from './targets.ts';

function name(text: string): ObjectName {
  const [database = '', schema = '', object = ''] = text.split('.');
  return { database, schema, name: object };
}

function object(
  kind: ObjectKind,
  at: string,
  extra: { needs?: [TargetObject['dependencies'][number]['kind'], string][]; ownedBy?: string } = {},
): TargetObject {
  return {
    kind,
    name: name(at),
    dependencies: (extra.needs ?? []).map(([dependency, on]) => ({
      kind: dependency,
      on: name(on),
      via: 'test',
    })),
    ownedBy: extra.ownedBy === undefined ? null : name(extra.ownedBy),
  };
}

const BANK = [
  object('type', 'bank.public.status'),
  object('type', 'bank.public.mood'),
  object('table', 'bank.public.customers'),
  object('table', 'bank.public.accounts', {
    needs: [
      ['foreign-key', 'bank.public.customers'],
      ['type', 'bank.public.status'],
      ['sequence', 'bank.public.statement_no'],
    ],
  }),
  object('sequence', 'bank.public.accounts_id_seq', { ownedBy: 'bank.public.accounts' }),
  object('sequence', 'bank.public.statement_no'),
  object('view', 'bank.public.balances', {
    needs: [
      ['view', 'bank.public.accounts'],
      ['view', 'bank.public.customers'],
    ],
  }),
  object('table', 'bank.audit.log'),
  object('table', 'bank.audit.customers'),
  object('table', 'bank.a.twin'),
  object('table', 'bank.b.twin'),
  object('table', 'bank.public.mood'),
];

async function match(targets: Targets) {
  const result = await matchTargets(
    targets,
    (database) => Promise.resolve(database === 'bank' ? BANK : database === 'empty' ? [] : null),
    'BACKUP',
  );
  return {
    ...result,
    asked: [...result.selected.values()]
      .filter((one) => one.reason === 'asked')
      .map((one) => one.object.name),
    carried: [...result.selected.values()]
      .filter((one) => one.reason === 'carried')
      .map((one) => one.object.name),
  };
}

function tables(...patterns: [string, string | null, string | null][]): Targets {
  return {
    kind: 'tables',
    patterns: patterns.map(([database, schema, table]): TablePattern => ({ database, schema, name: table })),
  };
}

describe('matchTargets', () => {
  it('finds a table without its schema in public first', async () => {
    const { asked, problems } = await match(tables(['bank', null, 'customers']));
    expect(asked).toEqual([name('bank.public.customers')]);
    expect(problems).toEqual([]);
  });

  it('finds a table in whichever schema it is alone in', async () => {
    expect((await match(tables(['bank', null, 'log']))).asked).toEqual([name('bank.audit.log')]);
  });

  it('refuses a name that two schemas have and public has not', async () => {
    const { asked, problems } = await match(tables(['bank', null, 'twin']));
    expect(asked).toEqual([]);
    expect(problems[0]).toMatchObject({
      code: 'undefined-object',
      hint: 'Name the schema: bank.a.twin or bank.b.twin.',
    });
  });

  it('means the table where a type has the same name', async () => {
    const { selected } = await match(tables(['bank', 'public', 'mood']));
    expect([...selected.values()].map((one) => one.object.kind)).toEqual(['table']);
  });

  it('carries types and owned sequences, and not the others', async () => {
    const { asked, carried } = await match(tables(['bank', 'public', 'accounts']));
    expect(asked).toEqual([name('bank.public.accounts')]);
    expect(carried).toEqual([name('bank.public.accounts_id_seq'), name('bank.public.status')]);
  });

  it('takes all of a schema, and all of a database, with a star', async () => {
    expect((await match(tables(['bank', 'audit', null]))).asked).toHaveLength(2);
    const all = await match(tables(['bank', null, null]));
    // A type and a table of one name are one entry: they can't both be named in a statement.
    expect(all.selected.size).toBe(BANK.length - 1);
    expect(all.wholeDatabases).toEqual([]);
  });

  it('takes a database whole, also an empty one', async () => {
    expect((await match({ kind: 'databases', names: ['bank'] })).wholeDatabases).toEqual(['bank']);
    const empty = await match({ kind: 'databases', names: ['empty', 'empty'] });
    expect(empty).toMatchObject({ wholeDatabases: ['empty'], problems: [] });
    expect(empty.selected.size).toBe(0);
  });

  it('says what does not exist, each by name, and resolves the rest', async () => {
    const { asked, problems } = await match(
      tables(['bank', null, 'nothere'], ['nodb', null, 'x'], ['bank', 'nos', null], ['bank', null, 'log']),
    );
    expect(asked).toEqual([name('bank.audit.log')]);
    expect(problems.map((problem) => [problem.code, problem.message])).toEqual([
      [
        'undefined-object',
        'failed to resolve targets specified in the BACKUP stmt: table "bank.nothere" does not exist',
      ],
      [
        'undefined-database',
        'failed to resolve targets specified in the BACKUP stmt: unknown database "nodb"',
      ],
      [
        'undefined-object',
        'failed to resolve targets specified in the BACKUP stmt: "bank.nos.*" does not match any object',
      ],
    ]);
  });

  it('refuses an empty selection', async () => {
    expect((await match(tables())).problems[0]).toMatchObject({ code: 'empty-selection', field: 'targets' });
  });
});

describe('what comes along', () => {
  it('is partitions of partitions, but not what an object is a part of', async () => {
    const objects = [
      object('table', 'bank.public.parted'),
      object('table', 'bank.public.part', { needs: [['inheritance', 'bank.public.parted']] }),
      object('table', 'bank.other.part_of_part', { needs: [['inheritance', 'bank.public.part']] }),
      object('table', 'bank.public.apart'),
    ];
    const pick = async (table: string) => {
      const { selected } = await matchTargets(
        tables(['bank', 'public', table]),
        () => Promise.resolve(objects),
        'BACKUP',
      );
      return [...selected.values()].map(({ object: { name: found }, reason }) => `${reason} ${found.name}`);
    };
    expect(await pick('parted')).toEqual(['asked parted', 'carried part', 'carried part_of_part']);
    expect(await pick('part')).toEqual(['asked part', 'carried part_of_part']);
  });
});

describe('missingDependencies', () => {
  it('names each thing that is needed once, with what it means', async () => {
    const { selected, known } = await match(tables(['bank', null, 'accounts'], ['bank', null, 'balances']));
    const missing = missingDependencies(
      [...selected.values()].map((one) => one.object),
      (on) => selected.has(JSON.stringify([on.database, on.schema, on.name])),
      (on) => known.get(JSON.stringify([on.database, on.schema, on.name]))?.kind ?? null,
    );
    expect(
      missing.map((one) => [one.object.name, one.dependency.on.name, one.dependency.kind, one.dependsOnKind]),
    ).toEqual([
      ['accounts', 'customers', 'foreign-key', 'table'],
      ['accounts', 'statement_no', 'sequence', 'sequence'],
      ['balances', 'customers', 'view', 'table'],
    ]);
    expect(missing[0]?.consequence).toContain('skip_missing_foreign_keys');
  });
});
