import type { ClusterUser, Membership } from '../cluster.ts';
import type { Session } from './session.ts';

interface RoleRow {
  name: string;
  passwordHash: string | null;
  superuser: boolean;
  inherit: boolean;
  createRole: boolean;
  createDb: boolean;
  login: boolean;
  replication: boolean;
  bypassRls: boolean;
  connectionLimit: number;
  validUntil: string | null;
  memberships: Membership[];
}

/** From this version on a membership says whether it is inherited and whether SET ROLE may be used. */
export const MEMBERSHIP_OPTIONS = 160000;

/** Roles but the built-in ones, in the words of CREATE ROLE. Password hashes are shown to superusers alone. */
export async function readUsers(session: Session): Promise<ClusterUser[]> {
  const { superuser, version } = session.server;
  // A role may have been granted by several.
  const option = (name: string) => (version >= MEMBERSHIP_OPTIONS ? `bool_or(m.${name})` : 'NULL::boolean');
  const rows = await session.rows<RoleRow>(
    'list the roles',
    `SELECT r.rolname AS name, ${superuser ? 'r.rolpassword' : 'NULL::text'} AS "passwordHash",
            r.rolsuper AS superuser, r.rolinherit AS inherit, r.rolcreaterole AS "createRole",
            r.rolcreatedb AS "createDb", r.rolcanlogin AS login, r.rolreplication AS replication,
            r.rolbypassrls AS "bypassRls", r.rolconnlimit AS "connectionLimit", r.rolvaliduntil::text AS "validUntil",
            (SELECT coalesce(jsonb_agg(to_jsonb(one) ORDER BY one.role), '[]')
             FROM (SELECT g.rolname::text AS role, bool_or(m.admin_option) AS admin,
                          ${option('inherit_option')} AS inherit, ${option('set_option')} AS set
                   FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                   WHERE m.member = r.oid GROUP BY 1) AS one) AS memberships
     FROM ${superuser ? 'pg_authid' : 'pg_roles'} r
     WHERE r.rolname !~ '^pg_'
     ORDER BY r.rolname`,
  );
  return rows.map((row) => ({
    name: row.name,
    passwordHash: row.passwordHash,
    attributes: [
      flag(row.superuser, 'SUPERUSER'),
      flag(row.inherit, 'INHERIT'),
      flag(row.createRole, 'CREATEROLE'),
      flag(row.createDb, 'CREATEDB'),
      flag(row.login, 'LOGIN'),
      flag(row.replication, 'REPLICATION'),
      flag(row.bypassRls, 'BYPASSRLS'),
      ...(row.connectionLimit < 0 ? [] : [`CONNECTION LIMIT ${row.connectionLimit}`]),
      ...(row.validUntil === null ? [] : [`VALID UNTIL '${row.validUntil}'`]),
    ],
    memberOf: row.memberships.map(({ role }) => role),
    memberships: row.memberships,
  }));
}

function flag(set: boolean, attribute: string): string {
  return set ? attribute : `NO${attribute}`;
}
