import { messageOf } from '../../errors.ts';
import type { ClusterUser } from '../cluster.ts';
import { literal } from '../literal.ts';
import { alwaysQuote, quoteIdent } from '../names.ts';
import { membershipsOf, noPassword, notMember, optionOf, refuseUser, ROLE } from '../users.ts';
import type { UserOption } from '../users.ts';
import { clusterError, isRetryable } from './errors.ts';
import { inTransaction } from './ledger.ts';
import type { Session } from './session.ts';
import { readUsers } from './users.ts';

const VALID_UNTIL = 'VALID UNTIL';
const SCRAM = /^SCRAM-SHA-256\$/;
/** The first version that checks passwords by SCRAM; those before know bcrypt alone. */
const KNOWS_SCRAM = [22, 1] as const;

/** Implements Cluster.createUser. */
export function createUser(session: Session, user: ClusterUser): Promise<string[]> {
  return inTransaction(session, () => put(session, user, false));
}

/** Implements Cluster.updateUser. */
export function updateUser(session: Session, user: ClusterUser): Promise<string[]> {
  return inTransaction(session, () => put(session, user, true));
}

async function put(session: Session, user: ClusterUser, there: boolean): Promise<string[]> {
  const { name, passwordHash, attributes } = user;
  const doing = `${there ? 'update' : 'create'} role ${quoteIdent(name)}`;
  const users = await readUsers(session);
  const current = users.find((each) => each.name === name);
  refuseUser('cockroachdb', name, { found: current !== undefined, wanted: there, ...session.place });
  const alter = async () => {
    const options = optionsOf(user, current).join(' ');
    if (there && options === '') return;
    const what = there ? 'ALTER ROLE' : `CREATE ${attributes.includes(ROLE) ? 'ROLE' : 'USER'}`;
    await session.run(doing, `${what} ${alwaysQuote(name)}${options === '' ? '' : ` WITH ${options}`}`);
  };
  // CREATE and GRANT change the version of a table, which must be before any write; ALTER does not.
  if (!there) await alter();
  const notDone = await join(session, doing, user, users, current);
  if (there) await alter();
  if (passwordHash !== null && SCRAM.test(passwordHash) && !(await knowsScram(session)))
    notDone.push(noPassword('its hash is of SCRAM, which this version does not know'));
  else if (passwordHash !== null && passwordHash !== current?.passwordHash)
    // No statement takes a hash before 22.1.
    await session.rows(
      doing,
      `UPDATE system.users SET "hashedPassword" = convert_to($1, 'UTF8') WHERE username = $2`,
      [passwordHash, name],
    );
  return notDone;
}

/** Grants the memberships that the user lacks, each by itself; answers what came of none of them. */
async function join(
  session: Session,
  doing: string,
  user: ClusterUser,
  users: readonly ClusterUser[],
  current: ClusterUser | undefined,
): Promise<string[]> {
  const notDone: string[] = [];
  const have = current === undefined ? [] : membershipsOf(current, 'cockroachdb');
  for (const { role, admin } of membershipsOf(user, 'cockroachdb')) {
    if (have.some((each) => each.role === role && (each.admin || !admin))) continue;
    if (!users.some((each) => each.name === role)) {
      notDone.push(notMember(role, null));
      continue;
    }
    await session.run(doing, 'SAVEPOINT membership');
    try {
      await session.client.query(
        `GRANT ${alwaysQuote(role)} TO ${alwaysQuote(user.name)}${admin ? ' WITH ADMIN OPTION' : ''}`,
      );
    } catch (error) {
      if (isRetryable(error)) throw clusterError(error, session.place, doing);
      await session.run(doing, 'ROLLBACK TO SAVEPOINT membership');
      notDone.push(notMember(role, messageOf(error)));
    }
  }
  return notDone;
}

/** What CREATE or ALTER ROLE is given. What the role has now and the backup doesn't is taken from it. */
function optionsOf({ attributes }: ClusterUser, current: ClusterUser | undefined): string[] {
  const wanted = storedOptions(attributes);
  const have = storedOptions(current?.attributes ?? []);
  const options = wanted
    .filter(({ option, value }) => !have.some((each) => each.option === option && each.value === value))
    .map(({ option, value }) =>
      value === null ? optionWord(option) : `${optionWord(option)} ${literal(value)}`,
    );
  // CREATE ROLE alone would make one that can't.
  if (current === undefined && attributes.includes(ROLE) && !attributes.includes('NOLOGIN'))
    options.push('LOGIN');
  for (const { option } of have) {
    if (wanted.some((each) => each.option === option)) continue;
    if (option === VALID_UNTIL) options.push(`${VALID_UNTIL} NULL`);
    else options.push(option.startsWith('NO') ? option.slice(2) : `NO${optionWord(option)}`);
  }
  return options;
}

/** A time that was taken back is kept as none. */
function storedOptions(attributes: readonly string[]): UserOption[] {
  return attributes
    .filter((attribute) => attribute !== ROLE && attribute !== VALID_UNTIL)
    .map((attribute) => optionOf(attribute));
}

/** Options are words of the grammar: anything else would be another statement. */
function optionWord(option: string): string {
  return /^[A-Z ]+$/.test(option) ? option : alwaysQuote(option);
}

async function knowsScram(session: Session): Promise<boolean> {
  const [row] = await session.rows<{ version: string }>('ask for the version', 'SELECT version()');
  const [, major, minor] = /\bv(\d+)\.(\d+)/.exec(row?.version ?? '') ?? [];
  const [year, release] = KNOWS_SCRAM;
  return Number(major) > year || (Number(major) === year && Number(minor) >= release);
}
