import { HoldfastError } from '../errors.ts';
import type { ClusterKind, ClusterUser, Membership } from './cluster.ts';
import { quoteIdent } from './names.ts';

/** How CockroachDB's users are marked that were made by CREATE ROLE. */
export const ROLE = 'ROLE';
const ADMIN = ' WITH ADMIN OPTION';

/** An attribute of a user in two parts: `CREATEDB`; `CONNECTION LIMIT` and `5`; `VALID UNTIL` and a time. */
export interface UserOption {
  option: string;
  value: string | null;
}

export function optionOf(attribute: string): UserOption {
  const [, option, quoted, number] = /^([A-Z ]+) (?:'((?:[^']|'')*)'|(-?\d+))$/.exec(attribute) ?? [];
  const value = quoted?.replaceAll("''", "'") ?? number;
  return option === undefined || value === undefined ? { option: attribute, value: null } : { option, value };
}

/** How a user is a member of roles. Backups of CockroachDB, and old ones of PostgreSQL, have `memberOf` alone. */
export function membershipsOf({ memberOf, memberships }: ClusterUser, kind: ClusterKind): Membership[] {
  if (memberships !== undefined) return memberships;
  return memberOf.map((words) => {
    // A name may end in these words on PostgreSQL, and not on CockroachDB.
    const admin = kind === 'cockroachdb' && words.endsWith(ADMIN);
    return { role: admin ? words.slice(0, -ADMIN.length) : words, admin, inherit: null, set: null };
  });
}

/** Why a user of this name is the cluster's own and none that could be created or changed; null for all others. */
export function whyReserved(kind: ClusterKind, name: string): string | null {
  if (kind === 'cockroachdb')
    return ['root', 'admin', 'node', 'public'].includes(name)
      ? 'It comes with every CockroachDB cluster.'
      : null;
  return /^pg_/.test(name) || ['public', 'none'].includes(name)
    ? 'Such a name is PostgreSQL’s own: the role comes with the server.'
    : null;
}

/** Throws where a user may be neither created nor updated under this name, or isn't there to be so. */
export function refuseUser(
  kind: ClusterKind,
  name: string,
  /** `wanted`: it must be there; and who the adapter is connected as, where. */
  { found, wanted, address, user }: { found: boolean; wanted: boolean; address: string; user: string },
): void {
  const shown = quoteIdent(name);
  const reserved = whyReserved(kind, name);
  if (reserved !== null)
    throw new HoldfastError('unsupported', `role ${shown} can't be made at ${address}: ${reserved}`, {
      hint: 'It is left as it is.',
    });
  if (found && !wanted)
    throw new HoldfastError('duplicate-object', `role ${shown} exists already at ${address}`, {
      hint: 'It was left as it is: update it where it shall become what the backup has.',
    });
  if (!found && wanted)
    throw new HoldfastError('undefined-object', `there is no role ${shown} at ${address}`, {
      hint: 'Create it.',
    });
  if (name === user)
    throw new HoldfastError('unsupported', `role ${shown} can't be updated from here: ${CONNECTED}`, {
      hint: 'Change it with psql, and then the URL of the cluster if its password is another.',
    });
}

/** Why a role is left alone that could lock us out. */
export const CONNECTED = 'Holdfast is connected as it';

/** A sentence of what could not be done; `why` null: there is no such role. */
export function notMember(role: string, why: string | null): string {
  return why === null
    ? `Not a member of ${quoteIdent(role)}: there is no such role yet. Recreate it, then update this one.`
    : `Not a member of ${quoteIdent(role)}: ${why}.`;
}

export function noPassword(why: string): string {
  return `Without a password: ${why}. Set one with ALTER ROLE.`;
}
