import type { DdlStep, Dependency } from '../../descriptor.ts';
import { literal } from '../../literal.ts';
import { quoteIdent } from '../../names.ts';
import { viaPolicy } from '../catalog.ts';
import type { Session } from '../session.ts';
import { step } from './sql.ts';

/** A policy of row-level security. */
export interface PolicyRow {
  owner: number;
  name: string;
  permissive: boolean;
  command: string;
  /** Empty for everybody. */
  roles: string[];
  using: string | null;
  check: string | null;
  comment: string | null;
}

export async function readPolicies(session: Session, oids: number[]): Promise<PolicyRow[]> {
  return session.rows<PolicyRow>(
    'read policies',
    `SELECT p.polrelid AS owner, p.polname AS name, p.polpermissive AS permissive,
            CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                          ELSE 'ALL' END AS command,
            coalesce((SELECT array_agg(r.rolname::text ORDER BY r.rolname)
                      FROM pg_roles r WHERE r.oid = ANY (p.polroles)), '{}') AS roles,
            pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check,
            obj_description(p.oid, 'pg_policy') AS comment
     FROM pg_policy p
     WHERE p.polrelid = ANY ($1::oid[])
     ORDER BY p.polrelid, p.polname`,
    [oids],
  );
}

/** CREATE POLICY, and the policy's comment; requires what its expressions use. */
export function policySteps(table: string, policies: PolicyRow[], dependencies: Dependency[]): DdlStep[] {
  return policies.flatMap((policy): DdlStep[] => {
    const requires = dependencies.filter(
      ({ kind, via }) => (kind === 'policy' || kind === 'function') && via === viaPolicy(policy.name),
    );
    const name = `${quoteIdent(policy.name)} ON ${table}`;
    const head =
      `CREATE POLICY ${name} AS ${policy.permissive ? 'PERMISSIVE' : 'RESTRICTIVE'} ` +
      `FOR ${policy.command} TO `;
    const tail =
      (policy.using === null ? '' : ` USING (${policy.using})`) +
      (policy.check === null ? '' : ` WITH CHECK (${policy.check})`);
    const comment =
      policy.comment === null ? [] : [`COMMENT ON POLICY ${name} IS ${literal(policy.comment)}`];
    if (policy.roles.length === 0)
      return [head + 'PUBLIC' + tail, ...comment].map((sql) => step('finish', sql, requires));
    const sql = forRoles(policy.roles, head, tail, comment);
    return [{ ...step('finish', sql, requires), roles: policy.roles }];
  });
}

/**
 * For those of the roles that the server has: one that is missing must not let a policy be missing for the others. For
 * nobody there is no policy, which is what it would mean.
 */
function forRoles(roles: string[], head: string, tail: string, after: string[]): string {
  const body = `
DECLARE
  present text := (SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) FROM pg_catalog.pg_roles
    WHERE rolname IN (${roles.map(literal).join(', ')}));
BEGIN
  IF present IS NOT NULL THEN
    EXECUTE ${literal(head)} || present || ${literal(tail)};${after.map((sql) => `\n    EXECUTE ${literal(sql)};`).join('')}
  END IF;
END`;
  return `DO LANGUAGE plpgsql ${literal(body)}`;
}
