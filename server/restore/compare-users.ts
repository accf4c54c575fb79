import type { Problem } from '../backup/selection.ts';
import type { ClusterInfo, ClusterKind, ClusterUser, Membership } from '../cluster/cluster.ts';
import { quoteIdent } from '../cluster/names.ts';
import { CONNECTED, membershipsOf, optionOf, ROLE, whyReserved } from '../cluster/users.ts';

/** A user of a backup, beside what the cluster has under that name. Hashes of passwords are not in here. */
export interface ComparedUser {
  name: string;
  /** In the cluster's words; those that every user has are left out. */
  options: string[];
  memberOf: string[];
  /** `kept`: nobody's to recreate, `about` says why. `unknown`: the cluster can't be asked, or is of another kind. */
  state: 'missing' | 'same' | 'different' | 'kept' | 'unknown';
  /** Of a different one: how, a phrase each. */
  about: string[];
  /** What `recreate` would do; null: nothing. */
  can: 'create' | 'update' | null;
}

export interface UserComparison {
  users: ComparedUser[];
  /** Why none of them can be recreated in this cluster; null when they can. */
  problem: Problem | null;
}

/** What recreating one user came to. */
export interface RecreatedUser {
  name: string;
  /** What could not be done, a sentence each. */
  notDone: string[];
  /** Why nothing was done; null when the user is there now. */
  problem: Problem | null;
}

/** What CREATE ROLE gives every role of PostgreSQL that isn't told otherwise. */
const USUAL = new Set([
  ...['NOSUPERUSER', 'INHERIT', 'NOCREATEROLE', 'NOCREATEDB', 'NOREPLICATION', 'NOBYPASSRLS'],
  ROLE,
]);

/** A user as the backup has it, of which it is not known how the cluster has it. */
export function shownUser(user: ClusterUser, kind: ClusterKind): ComparedUser {
  return {
    name: user.name,
    options: optionsOf(user).filter((option) => !USUAL.has(option)),
    memberOf: membershipsOf(user, kind).map(({ role, admin }) => `${role}${admin ? ' (admin option)' : ''}`),
    state: 'unknown',
    about: [],
    can: null,
  };
}

/** The users of a backup beside those of a cluster of the same kind. */
export function compareUsers(
  users: readonly ClusterUser[],
  here: readonly ClusterUser[],
  { kind, user: connectedAs }: Pick<ClusterInfo, 'kind' | 'user'>,
): ComparedUser[] {
  const byName = new Map(here.map((user) => [user.name, user]));
  // PostgreSQL shows hashes to superusers alone: where there is none at all, they are not known.
  const hashesKnown = kind === 'cockroachdb' || here.some(({ passwordHash }) => passwordHash !== null);
  return users.map((user): ComparedUser => {
    const shown = shownUser(user, kind);
    const found = byName.get(user.name);
    const reserved = whyReserved(kind, user.name) ?? (user.name === connectedAs ? `${CONNECTED}.` : null);
    if (reserved !== null) return { ...shown, state: 'kept', about: [reserved] };
    if (found === undefined) return { ...shown, state: 'missing', can: 'create' };
    const mendable = [
      ...differentOptions(user, found),
      ...lackingMemberships(user, found, kind),
      ...differentPassword(user, found, hashesKnown),
    ];
    const stays = furtherMemberships(user, found, kind);
    if (mendable.length + stays.length === 0) return { ...shown, state: 'same' };
    return {
      ...shown,
      state: 'different',
      about: [...mendable, ...stays],
      can: mendable.length > 0 ? 'update' : null,
    };
  });
}

/** A time without end is none, however it came about. */
function optionsOf({ attributes }: ClusterUser): string[] {
  return attributes.filter(
    (attribute) => attribute !== 'VALID UNTIL' && attribute !== `VALID UNTIL 'infinity'`,
  );
}

function differentOptions(user: ClusterUser, here: ClusterUser): string[] {
  const [wanted, have] = [optionsOf(user), optionsOf(here)].map((options) =>
    options.filter((option) => option !== ROLE),
  ) as [string[], string[]];
  const subject = (attribute: string) => optionOf(attribute).option.replace(/^NO/, '');
  const further = have.filter((option) => !wanted.includes(option));
  const phrases = wanted
    .filter((option) => !have.includes(option))
    .map((option) => {
      const at = further.findIndex((other) => subject(other) === subject(option));
      const [other] = at < 0 ? [] : further.splice(at, 1);
      return other === undefined ? `without ${option} here` : `${other} here, ${option} in the backup`;
    });
  return [...phrases, ...further.map((option) => `${option} here, not in the backup`)];
}

function lackingMemberships(user: ClusterUser, here: ClusterUser, kind: ClusterKind): string[] {
  const have = new Map(membershipsOf(here, kind).map((one) => [one.role, one]));
  return membershipsOf(user, kind).flatMap((wanted) => {
    const found = have.get(wanted.role);
    const role = quoteIdent(wanted.role);
    if (found === undefined) return [`not a member of ${role} here`];
    if (wanted.admin && !found.admin) return [`a member of ${role} without its admin option here`];
    return differs(wanted.inherit, found.inherit) || differs(wanted.set, found.set)
      ? [`a member of ${role} with ${words(found)} here, ${words(wanted)} in the backup`]
      : [];
  });
}

function furtherMemberships(user: ClusterUser, here: ClusterUser, kind: ClusterKind): string[] {
  const wanted = new Map(membershipsOf(user, kind).map((one) => [one.role, one]));
  return membershipsOf(here, kind).flatMap(({ role, admin }) => {
    const found = wanted.get(role);
    if (found === undefined) return [`also a member of ${quoteIdent(role)} here, which stays`];
    return admin && !found.admin ? [`with the admin option of ${quoteIdent(role)} here, which stays`] : [];
  });
}

function differentPassword(user: ClusterUser, here: ClusterUser, known: boolean): string[] {
  if (user.passwordHash === null || !known || user.passwordHash === here.passwordHash) return [];
  return [here.passwordHash === null ? 'no password here' : 'another password here'];
}

function differs(wanted: boolean | null, found: boolean | null): boolean {
  return wanted !== null && found !== null && wanted !== found;
}

function words({ inherit, set }: Membership): string {
  return `INHERIT ${inherit === false ? 'FALSE' : 'TRUE'}, SET ${set === false ? 'FALSE' : 'TRUE'}`;
}
