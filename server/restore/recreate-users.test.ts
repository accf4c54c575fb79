import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import type { ComparedUser } from './compare-users.ts';

/** Roles that come back one by one, on a real server. */

const PASSWORD = 'pässwörd of "them" & all';
/** Each a member of the ones after it; some meant to be another statement. */
const NAMES = [
  `o'hara "x"; DROP ROLE victim; --`,
  'Anwendung größer',
  'Пользователь\t1',
  '$do$ END',
  'CamelCase',
  'victim',
] as const;
const SOURCE = 'nodelocal://self/with roles';

let rig: Rig;
const ident = (name: string) => pg.escapeIdentifier(name);
const exec = (sql: string, database = 'postgres') => rig.server.exec(database, sql);

beforeAll(async () => {
  rig = await startRig();
  await exec('CREATE DATABASE bank');
  await exec('CREATE TABLE t (id int PRIMARY KEY)', 'bank');
  await makeRoles();
  await rig.startEngine();
  await rig.run(`BACKUP DATABASE bank TO '${SOURCE}'`);
});
afterAll(() => rig.stop());

async function makeRoles(): Promise<void> {
  for (const name of NAMES)
    await exec(`CREATE ROLE ${ident(name)} LOGIN PASSWORD ${pg.escapeLiteral(PASSWORD)}`);
  for (const [at, name] of NAMES.entries()) {
    const role = NAMES[at + 1];
    if (role !== undefined) await exec(`GRANT ${ident(role)} TO ${ident(name)} WITH ADMIN OPTION`);
  }
  await exec(
    `ALTER ROLE ${ident(NAMES[0])} CREATEDB CREATEROLE NOINHERIT REPLICATION BYPASSRLS CONNECTION LIMIT 7 VALID UNTIL '2035-01-02 03:04:05+00'`,
  );
  await exec(`GRANT victim TO "CamelCase" WITH INHERIT FALSE, SET FALSE`);
  await exec(`GRANT pg_monitor TO victim WITH INHERIT FALSE`);
}

async function dropRoles(): Promise<void> {
  for (const name of NAMES) await exec(`DROP ROLE IF EXISTS ${ident(name)}`);
}

/** All that the catalogs say of the roles, hashes included. */
async function rolesNow(): Promise<unknown> {
  const names = NAMES.map((name) => pg.escapeLiteral(name)).join(', ');
  return [
    await exec(
      `SELECT to_jsonb(a) - 'oid' AS role FROM pg_authid a WHERE rolname IN (${names}) ORDER BY rolname`,
    ),
    await exec(
      `SELECT roleid::regrole::text, member::regrole::text, admin_option, inherit_option, set_option FROM pg_auth_members
       WHERE member IN (SELECT oid FROM pg_roles WHERE rolname IN (${names})) ORDER BY 1, 2`,
    ),
  ];
}

async function logIn(name: string): Promise<string> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: rig.server.port,
    user: name,
    password: PASSWORD,
    database: 'bank',
  });
  await client.connect();
  try {
    return (await client.query<{ me: string }>('SELECT session_user::text AS me')).rows[0]?.me ?? '';
  } finally {
    await client.end();
  }
}

const compare = () => rig.services.users.compare(SOURCE, 'default');
const recreate = (names: readonly string[], how: 'create' | 'update' = 'create') =>
  rig.services.users.recreate(SOURCE, 'default', names, how);

async function compared(name: string): Promise<ComparedUser | undefined> {
  return (await compare()).users.find((user) => user.name === name);
}

describe('the roles of a backup', () => {
  it('are listed beside those of the cluster, without their hashes', async () => {
    const { users, problem } = await compare();
    expect(problem).toBeNull();
    expect(users.map(({ name }) => name).sort()).toEqual([...NAMES, 'root'].sort());
    expect(users.find(({ name }) => name === 'root')).toMatchObject({ state: 'kept', can: null });
    expect(users.find(({ name }) => name === NAMES[0])).toEqual({
      name: NAMES[0],
      options: [
        ...['NOINHERIT', 'CREATEROLE', 'CREATEDB', 'LOGIN', 'REPLICATION', 'BYPASSRLS'],
        ...['CONNECTION LIMIT 7', `VALID UNTIL '2035-01-02 03:04:05+00'`],
      ],
      memberOf: [`${NAMES[1]} (admin option)`],
      state: 'same',
      about: [],
      can: null,
    });
    expect(JSON.stringify(users)).not.toMatch(/SCRAM|md5/);
  });

  it('come back all at once just as they were, and their passwords log in', async () => {
    const before = await rolesNow();
    await dropRoles();
    expect((await compare()).users.filter(({ can }) => can === 'create')).toHaveLength(NAMES.length);
    const results = await recreate(NAMES);
    expect(results.map(({ name }) => name)).toEqual([...NAMES].reverse());
    expect(results.flatMap(({ notDone, problem }) => [...notDone, problem])).toEqual(NAMES.map(() => null));
    expect(await rolesNow()).toEqual(before);
    for (const name of NAMES) expect(await logIn(name)).toBe(name);
  });

  it('come back one by one in any order, and say what they lack until then', async () => {
    const before = await rolesNow();
    await dropRoles();
    const [first, second] = NAMES;
    const [result] = await recreate([first]);
    expect(result).toMatchObject({
      name: first,
      problem: null,
      notDone: [expect.stringContaining(`"${second}"`)],
    });
    await recreate(NAMES.slice(1));
    expect(await compared(first)).toMatchObject({
      state: 'different',
      about: [`not a member of "${second}" here`],
      can: 'update',
    });
    expect(await recreate([first], 'update')).toEqual([{ name: first, notDone: [], problem: null }]);
    expect(await rolesNow()).toEqual(before);
  });

  it('that are there already are not altered by a creation, and say how they differ', async () => {
    const before = await rolesNow();
    await exec(`ALTER ROLE victim NOLOGIN CREATEDB CONNECTION LIMIT 2 PASSWORD 'another'`);
    await exec('CREATE ROLE further; GRANT further TO victim');
    try {
      const [result] = await recreate(['victim']);
      expect(result).toMatchObject({ problem: { code: 'duplicate-object' } });
      expect(await compared('victim')).toMatchObject({
        state: 'different',
        about: [
          'CREATEDB here, NOCREATEDB in the backup',
          'NOLOGIN here, LOGIN in the backup',
          'CONNECTION LIMIT 2 here, not in the backup',
          'another password here',
          'also a member of further here, which stays',
        ],
        can: 'update',
      });
      expect(await recreate(['victim'], 'update')).toEqual([{ name: 'victim', notDone: [], problem: null }]);
      expect(await compared('victim')).toMatchObject({ state: 'different', can: null });
      expect(await logIn('victim')).toBe('victim');
    } finally {
      await exec('DROP ROLE further');
    }
    expect(await compared('victim')).toMatchObject({ state: 'same' });
    expect(await rolesNow()).toEqual(before);
  });

  it('say for each of them why it can’t be: by a user who may not, and the one that Holdfast is', async () => {
    await exec(`CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker'`);
    await rig.services.clusters.register('poor', rig.server.url.replace(/root:[^@]*@/, 'maker:maker@'), {
      embedded: false,
    });
    await exec(`DROP ROLE ${ident(NAMES[0])}`);
    try {
      const [denied] = await rig.services.users.recreate(SOURCE, 'poor', [NAMES[0]], 'create');
      expect(denied?.problem).toMatchObject({
        code: 'cluster-denied',
        hint: expect.stringContaining('superuser'),
      });
      expect(JSON.stringify(denied)).not.toContain('SCRAM');
      const { users } = await rig.services.users.compare(SOURCE, 'poor');
      // What hashes there are is not shown to this one: nothing is said of them.
      expect(users.find(({ name }) => name === 'victim')).toMatchObject({ state: 'same' });
      const [own] = await recreate(['root'], 'update');
      expect(own?.problem).toMatchObject({ code: 'unsupported' });
    } finally {
      await recreate([NAMES[0]]);
      await exec('DROP ROLE maker');
    }
    await expect(recreate(['nobody'])).rejects.toMatchObject({ code: 'undefined-object' });
  });

  it('come back by the documented statements', async () => {
    const before = await rolesNow();
    await dropRoles();
    const statements = await documented();
    await rig.run(statements.restore.replace('nodelocal://self/full', SOURCE));
    await runQueries(statements.queries);
    expect(await rolesNow()).toEqual(before);
    for (const name of NAMES) expect(await logIn(name)).toBe(name);
  });
});

/** The SQL of the section on roles in docs/postgresql.md. */
async function documented(): Promise<{ restore: string; queries: string }> {
  const file = path.join(import.meta.dirname, '..', '..', 'docs', 'postgresql.md');
  const section = /## Users and roles\n(.*?)\n## /s.exec(await readFile(file, 'utf8'))?.[1] ?? '';
  const [restore = '', queries = ''] = [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
  return { restore, queries };
}

/** Runs what the queries answer, as psql's \gexec does; through `pg` where psql is not installed. */
async function runQueries(queries: string): Promise<void> {
  if (spawnSync('psql', ['--version']).status !== 0) {
    for (const query of queries.split('\\gexec').filter((text) => text.trim() !== ''))
      for (const row of await exec(query, 'old_roles')) await exec(String(Object.values(row)[0]));
    return;
  }
  const url = rig.server.url.replace(/postgres$/, 'old_roles');
  const { status, stderr } = spawnSync('psql', ['-X', '-v', 'ON_ERROR_STOP=1', url], {
    input: queries,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}
