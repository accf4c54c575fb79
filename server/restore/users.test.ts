import { describe, expect, it } from 'vitest';
import type { ClusterUser } from '../cluster/cluster.ts';
import { unsignedManifest } from '../format/fixtures.ts';
import { compareUsers } from './compare-users.ts';
import { userTables } from './users.ts';

const user = (name: string, part: Partial<ClusterUser> = {}): ClusterUser => ({
  name,
  passwordHash: null,
  attributes: [],
  memberOf: [],
  ...part,
});

describe('the tables of users', () => {
  const names = (other: Parameters<typeof unsignedManifest>[0]) =>
    userTables(unsignedManifest(other)).map(({ name }) => `${name.database}.${name.name}`);

  it('are in a backup of PostgreSQL, but where a database of that name is', () => {
    expect(names({})).toEqual(['system.users', 'system.role_options', 'system.role_members']);
    expect(names({ targets: { databases: ['bank', 'system'], objects: [] } })).toEqual([]);
  });

  it('are not in one of a simulated cluster', () => {
    const cluster = { ...unsignedManifest().cluster, kind: 'simulated' as const };
    expect(names({ cluster })).toEqual([]);
  });
});

describe('users beside those of the cluster', () => {
  it('of a backup that knows names of roles alone are members of just those', () => {
    const postgres = { kind: 'postgres' as const, user: 'root' };
    const odd = user('a', { memberOf: ['b WITH ADMIN OPTION'] });
    expect(compareUsers([odd], [], postgres)[0]?.memberOf).toEqual(['b WITH ADMIN OPTION']);
    const memberships = [{ role: 'b WITH ADMIN OPTION', admin: false, inherit: true, set: true }];
    expect(compareUsers([odd], [{ ...odd, memberships }], postgres)[0]).toMatchObject({ state: 'same' });
    const cockroach = { kind: 'cockroachdb' as const, user: 'root' };
    expect(compareUsers([odd], [], cockroach)[0]?.memberOf).toEqual(['b (admin option)']);
  });

  it('are kept where they are the cluster’s own or the one that is connected', () => {
    const states = (kind: 'postgres' | 'cockroachdb', name: string) =>
      compareUsers([user(name)], [], { kind, user: 'me' })[0]?.state;
    expect(states('postgres', 'me')).toBe('kept');
    expect(states('postgres', 'pg_monitor')).toBe('kept');
    expect(states('postgres', 'admin')).toBe('missing');
    expect(states('cockroachdb', 'admin')).toBe('kept');
    expect(states('cockroachdb', 'root')).toBe('kept');
    expect(states('cockroachdb', 'pg_x')).toBe('missing');
  });

  it('say where options or the options of a membership differ; an end without end is none', () => {
    const member = (set: boolean) => [{ role: 'b', admin: false, inherit: true, set }];
    const backedUp = user('a', {
      attributes: ['LOGIN', `VALID UNTIL 'infinity'`],
      memberOf: ['b'],
      memberships: member(false),
    });
    const here = user('a', { attributes: ['LOGIN'], memberOf: ['b'], memberships: member(true) });
    expect(compareUsers([backedUp], [here], { kind: 'postgres', user: 'root' })[0]).toMatchObject({
      state: 'different',
      about: ['a member of b with INHERIT TRUE, SET TRUE here, INHERIT TRUE, SET FALSE in the backup'],
    });
  });
});
