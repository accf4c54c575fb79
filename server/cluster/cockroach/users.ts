import type { ClusterUser } from '../cluster.ts';
import type { Session } from './session.ts';

interface UserRow {
  name: string;
  passwordHash: string | null;
  isRole: boolean;
  options: string[];
  memberOf: string[];
}

/**
 * Users and roles as `system.users`, `system.role_options` and `system.role_members` have them. A password hash is
 * the bcrypt or SCRAM text that the cluster stores; where the password was never set, null.
 */
export async function readUsers(session: Session): Promise<ClusterUser[]> {
  const rows = await session.rows<UserRow>(
    'list the users',
    `SELECT u.username AS name,
            CASE WHEN length(u."hashedPassword") > 0 THEN convert_from(u."hashedPassword", 'UTF8') END
              AS "passwordHash",
            u."isRole" AS "isRole",
            ARRAY(SELECT o.option || coalesce(' ' || quote_literal(o.value), '')
                  FROM system.role_options AS o WHERE o.username = u.username ORDER BY o.option) AS options,
            ARRAY(SELECT m.role || CASE WHEN m."isAdmin" THEN ' WITH ADMIN OPTION' ELSE '' END
                  FROM system.role_members AS m WHERE m.member = u.username ORDER BY m.role) AS "memberOf"
     FROM system.users AS u ORDER BY u.username`,
  );
  return rows.map((row) => ({
    name: row.name,
    passwordHash: row.passwordHash,
    attributes: [...(row.isRole ? ['ROLE'] : []), ...row.options],
    memberOf: row.memberOf,
  }));
}
