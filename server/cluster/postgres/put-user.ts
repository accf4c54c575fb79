import { HoldfastError, messageOf } from '../../errors.ts';
import type { ClusterUser, Membership } from '../cluster.ts';
import { literal } from '../literal.ts';
import { alwaysQuote, quoteIdent } from '../names.ts';
import { membershipsOf, noPassword, notMember, optionOf, refuseUser } from '../users.ts';
import { clusterError, stateOf } from './errors.ts';
import type { Session } from './session.ts';
import { MEMBERSHIP_OPTIONS, readUsers } from './users.ts';

const FLAG = /^(NO)?(SUPERUSER|INHERIT|CREATEROLE|CREATEDB|LOGIN|REPLICATION|BYPASSRLS)$/;
/** What the server takes for a hash; everything else it would take for a password, and hash. */
const HASH = /^(SCRAM-SHA-256\$\d+:[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=|md5[0-9a-f]{32})$/;
const INSUFFICIENT_PRIVILEGE = '42501';

/** Implements Cluster.createUser. */
export function createUser(session: Session, user: ClusterUser): Promise<string[]> {
  return put(session, user, false);
}

/** Implements Cluster.updateUser: only what differs is altered, since each option may want a privilege of its own. */
export function updateUser(session: Session, user: ClusterUser): Promise<string[]> {
  return put(session, user, true);
}

async function put(session: Session, user: ClusterUser, there: boolean): Promise<string[]> {
  const { name, passwordHash } = user;
  const doing = `${there ? 'update' : 'create'} role ${quoteIdent(name)}`;
  const current = (await readUsers(session)).find((each) => each.name === name);
  refuseUser('postgres', name, { found: current !== undefined, wanted: there, ...session.place });
  const notDone: string[] = [];
  const options = optionsOf(user, current, notDone);
  await run(session, doing, 'BEGIN');
  if (current === undefined || options.length > 0)
    await run(session, doing, `${there ? 'ALTER' : 'CREATE'} ROLE ${alwaysQuote(name)} ${options.join(' ')}`);
  if (passwordHash !== null && !HASH.test(passwordHash))
    notDone.push(noPassword('what the backup has for a hash is none that PostgreSQL knows'));
  else if (passwordHash !== null && passwordHash !== current?.passwordHash)
    await setPassword(session, doing, name, passwordHash);
  else if (passwordHash === null && !there && user.attributes.includes('LOGIN'))
    notDone.push(noPassword('the backup has no hash of one'));
  notDone.push(...(await join(session, doing, user, current)));
  await run(session, doing, 'COMMIT');
  return notDone;
}

/** What CREATE or ALTER ROLE is given. What the role has now and the backup doesn't know is set back. */
function optionsOf(user: ClusterUser, current: ClusterUser | undefined, notDone: string[]): string[] {
  const have = new Set(current?.attributes);
  const options: string[] = [];
  for (const attribute of user.attributes) {
    if (have.has(attribute)) continue;
    const { option, value } = optionOf(attribute);
    if (option === 'CONNECTION LIMIT' && value !== null) options.push(`CONNECTION LIMIT ${Number(value)}`);
    else if (option === 'VALID UNTIL' && value !== null) options.push(`VALID UNTIL ${literal(value)}`);
    else if (FLAG.test(attribute)) options.push(attribute);
    else notDone.push(`Without ${attribute}: PostgreSQL knows no such option of a role.`);
  }
  const known = new Set(user.attributes.map((attribute) => optionOf(attribute).option));
  for (const { option } of [...have].map(optionOf)) {
    if (known.has(option)) continue;
    if (option === 'CONNECTION LIMIT') options.push('CONNECTION LIMIT -1');
    if (option === 'VALID UNTIL') options.push(`VALID UNTIL 'infinity'`);
  }
  return options;
}

/**
 * The hash goes to the server as a parameter and is in the text of no statement: those are logged there, and kept by
 * pg_stat_statements. Nor may an error repeat the inner one, as its context would.
 */
async function setPassword(session: Session, doing: string, name: string, hash: string): Promise<void> {
  await session.rows(
    doing,
    `SELECT set_config('holdfast.role', $1, true), set_config('holdfast.hash', $2, true)`,
    [name, hash],
  );
  await run(
    session,
    doing,
    `DO $do$ BEGIN
       EXECUTE format('ALTER ROLE %I PASSWORD %L', current_setting('holdfast.role'), current_setting('holdfast.hash'));
     EXCEPTION WHEN OTHERS THEN
       RAISE EXCEPTION USING MESSAGE = SQLERRM, ERRCODE = SQLSTATE;
     END $do$`,
  );
}

/** Grants the memberships that the role lacks, each by itself; answers what came of none of them. */
async function join(
  session: Session,
  doing: string,
  user: ClusterUser,
  current: ClusterUser | undefined,
): Promise<string[]> {
  const roles = await session.rows<{ name: string }>(doing, 'SELECT rolname::text AS name FROM pg_roles');
  const present = new Set(roles.map(({ name }) => name));
  const have = new Set(current?.memberships?.map((each) => JSON.stringify(each)));
  const notDone: string[] = [];
  for (const membership of membershipsOf(user, 'postgres')) {
    if (have.has(JSON.stringify(membership))) continue;
    const { role } = membership;
    if (!present.has(role)) {
      notDone.push(notMember(role, null));
      continue;
    }
    if (session.server.version < MEMBERSHIP_OPTIONS && grantsMore(membership, user)) {
      notDone.push(notMember(role, 'before PostgreSQL 16 it would have more of it than it had'));
      continue;
    }
    await run(session, doing, 'SAVEPOINT membership');
    try {
      await session.client.query(grant(membership, user.name, session.server.version));
    } catch (error) {
      await run(session, doing, 'ROLLBACK TO membership');
      notDone.push(notMember(role, messageOf(error)));
    }
  }
  return notDone;
}

/** A server that knows no options of memberships would let the member do what these keep from it. */
function grantsMore({ inherit, set }: Membership, { attributes }: ClusterUser): boolean {
  return set === false || (inherit === false && attributes.includes('INHERIT'));
}

function grant({ role, admin, inherit, set }: Membership, member: string, version: number): string {
  const options = [`ADMIN ${admin}`];
  if (inherit !== null) options.push(`INHERIT ${inherit}`);
  if (set !== null) options.push(`SET ${set}`);
  const words =
    version >= MEMBERSHIP_OPTIONS ? ` WITH ${options.join(', ')}` : admin ? ' WITH ADMIN OPTION' : '';
  return `GRANT ${alwaysQuote(role)} TO ${alwaysQuote(member)}${words}`;
}

/** Without the driver's error as a cause: a statement's own may quote it. */
async function run(session: Session, doing: string, sql: string): Promise<void> {
  try {
    await session.client.query(sql);
  } catch (error) {
    const { code, message, hint } = clusterError(error, session.place, doing);
    throw new HoldfastError(code, message, {
      hint:
        stateOf(error) === INSUFFICIENT_PRIVILEGE
          ? `Register the cluster with a superuser: user ${quoteIdent(session.place.user)} may not do this to roles.`
          : hint,
    });
  }
}
