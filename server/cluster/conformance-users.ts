import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterUser } from './cluster.ts';
import type { Lab } from './conformance-lab.ts';
import { containing } from './conformance-tools.ts';
import { membershipsOf } from './users.ts';

/** Users that come back as they were. Names are those that every kind of cluster takes. */
export function usersConformance(lab: Lab): void {
  describe('users', () => {
    // Members before what they are members of: so they can be dropped.
    const made = ['zoë.b-1', 'grüne', 'alle'];
    const exec = (sql: string) => lab.subject.exec('postgres', sql);
    const dropAll = async () => {
      for (const name of made) await exec(`DROP ROLE IF EXISTS "${name}"`);
    };
    afterEach(dropAll);

    async function user(name: string): Promise<ClusterUser> {
      const found = (await lab.cluster.users()).find((each) => each.name === name);
      if (found === undefined) throw new Error(`there is no user ${name}`);
      return found;
    }

    async function makeAll(): Promise<ClusterUser[]> {
      await exec('CREATE ROLE "alle" NOLOGIN');
      await exec('CREATE ROLE "grüne" NOLOGIN CREATEROLE');
      await exec(`CREATE ROLE "zoë.b-1" LOGIN CREATEDB VALID UNTIL '2031-02-03 04:05:06+00:00'`);
      await exec('GRANT "alle" TO "grüne"');
      await exec('GRANT "grüne" TO "zoë.b-1" WITH ADMIN OPTION');
      return Promise.all(made.map(user));
    }

    it('are created as they were, with options and memberships', async () => {
      const [zoë, grüne, alle] = (await makeAll()) as [ClusterUser, ClusterUser, ClusterUser];
      const { kind } = await lab.cluster.describe();
      expect(membershipsOf(zoë, kind)).toMatchObject([{ role: 'grüne', admin: true }]);
      expect(membershipsOf(grüne, kind)).toMatchObject([{ role: 'alle', admin: false }]);
      await dropAll();
      for (const each of [alle, grüne]) expect(await lab.cluster.createUser(each)).toEqual([]);
      await lab.cluster.createUser(zoë);
      expect(await Promise.all(made.map(user))).toEqual([zoë, grüne, alle]);
    });

    it('say which of their memberships could not be, and get it by an update', async () => {
      const [zoë, grüne, alle] = (await makeAll()) as [ClusterUser, ClusterUser, ClusterUser];
      await dropAll();
      expect(await lab.cluster.createUser(zoë)).toContainEqual(containing('grüne'));
      await lab.cluster.createUser(alle);
      await lab.cluster.createUser(grüne);
      expect((await user('zoë.b-1')).memberOf).toEqual([]);
      expect(await lab.cluster.updateUser(zoë)).toEqual([]);
      expect(await user('zoë.b-1')).toEqual(zoë);
      // What would go round in a circle is refused by the cluster, and the rest is done.
      const round = { ...alle, memberOf: ['grüne'], memberships: undefined };
      expect(await lab.cluster.updateUser(round)).toEqual([containing('grüne')]);
    });

    it('that are there are never created over, and updated when asked', async () => {
      const [zoë] = (await makeAll()) as [ClusterUser];
      await expect(lab.cluster.createUser(zoë)).rejects.toMatchObject({
        code: 'duplicate-object',
        message: containing('zoë.b-1'),
      });
      await exec('REVOKE "grüne" FROM "zoë.b-1"');
      await exec('GRANT "alle" TO "zoë.b-1"');
      await exec(`ALTER ROLE "zoë.b-1" NOLOGIN NOCREATEDB CREATEROLE VALID UNTIL '2040-01-01'`);
      await expect(lab.cluster.createUser(zoë)).rejects.toMatchObject({ code: 'duplicate-object' });
      expect((await user('zoë.b-1')).attributes).not.toEqual(zoë.attributes);
      expect(await lab.cluster.updateUser(zoë)).toEqual([]);
      const updated = await user('zoë.b-1');
      expect(updated.attributes).toEqual(zoë.attributes);
      // What it is besides stays.
      expect(updated.memberOf.map((each) => each.split(' ')[0])).toEqual(['alle', 'grüne']);
      await exec('REVOKE "alle" FROM "zoë.b-1"');
      expect(await user('zoë.b-1')).toEqual(zoë);
      expect(await lab.cluster.updateUser(zoë)).toEqual([]);
    });

    it('that are not there are not updated; those of the cluster itself are left alone', async () => {
      const nobody = { name: 'nobody-1', passwordHash: null, attributes: [], memberOf: [] };
      await expect(lab.cluster.updateUser(nobody)).rejects.toMatchObject({ code: 'undefined-object' });
      const reserved = { ...nobody, name: 'public' };
      await expect(lab.cluster.createUser(reserved)).rejects.toMatchObject({ code: 'unsupported' });
      const own = await user((await lab.cluster.describe()).user);
      const attributes = own.attributes.filter((each) => !each.includes('LOGIN'));
      await expect(lab.cluster.updateUser({ ...own, attributes })).rejects.toMatchObject({
        code: 'unsupported',
        message: containing(own.name),
      });
      expect(await user(own.name)).toEqual(own);
    });
  });
}
