import type { ClusterUser } from '../cluster/cluster.ts';
import type { DdlStep, TableDescriptor } from '../cluster/descriptor.ts';
import { literal } from '../cluster/literal.ts';
import { membershipsOf, optionOf, ROLE } from '../cluster/users.ts';
import type { Manifest } from '../format/manifest.ts';

/** Rows that one INSERT has. */
const ROWS_A_STATEMENT = 500;

type UsersOf = Pick<Manifest, 'cluster' | 'users' | 'targets' | 'descriptors'>;

/**
 * A backup's users as tables, made from the manifest, for those who recreate them by SQL:
 * `RESTORE system.users FROM … WITH into_db = 'newdb'`. Of CockroachDB they are its own tables, so that
 * `INSERT INTO system.users SELECT * FROM newdb.users` does it, as documented for its backups
 * (https://www.cockroachlabs.com/docs/v21.1/restore#restoring-users-from-system-users-backup). PostgreSQL has no such
 * tables; these are called alike, and hold what CREATE ROLE and GRANT take. Simulated clusters have none.
 */
export function userTables(manifest: UsersOf): TableDescriptor[] {
  const { cluster, users } = manifest;
  if (cluster.kind === 'cockroachdb') return cockroachTables(users);
  // Of PostgreSQL a database of that name may be anybody's.
  return cluster.kind === 'postgres' && !hasDatabase(manifest, 'system') ? postgresTables(users) : [];
}

function hasDatabase({ targets, descriptors }: UsersOf, name: string): boolean {
  return targets.databases.includes(name) || descriptors.some((each) => each.name.database === name);
}

function cockroachTables(users: readonly ClusterUser[]): TableDescriptor[] {
  return [
    table(
      'users',
      'username STRING NOT NULL, "hashedPassword" BYTES NULL, "isRole" BOOL NOT NULL DEFAULT false, PRIMARY KEY (username)',
      users.map(({ name, passwordHash, attributes }) => [
        literal(name),
        passwordHash === null ? "''" : `convert_to(${literal(passwordHash)}, 'UTF8')`,
        String(attributes.includes(ROLE)),
      ]),
    ),
    table(
      'role_options',
      'username STRING NOT NULL, option STRING NOT NULL, value STRING NULL, PRIMARY KEY (username, option)',
      users.flatMap(optionRows),
    ),
    table(
      'role_members',
      'role STRING NOT NULL, member STRING NOT NULL, "isAdmin" BOOL NOT NULL, PRIMARY KEY (role, member)',
      users.flatMap((user) =>
        membershipsOf(user, 'cockroachdb').map(({ role, admin }) => [
          literal(role),
          literal(user.name),
          String(admin),
        ]),
      ),
    ),
  ];
}

function postgresTables(users: readonly ClusterUser[]): TableDescriptor[] {
  return [
    table(
      'users',
      'username text PRIMARY KEY, "hashedPassword" text, "isRole" boolean NOT NULL',
      users.map(({ name, passwordHash, attributes }) => [
        literal(name),
        orNull(passwordHash),
        String(!attributes.includes('LOGIN')),
      ]),
    ),
    table(
      'role_options',
      'username text, option text, value text, PRIMARY KEY (username, option)',
      users.flatMap(optionRows),
    ),
    table(
      'role_members',
      'role text, member text, "isAdmin" boolean NOT NULL, "inheritOption" boolean, "setOption" boolean, PRIMARY KEY (role, member)',
      users.flatMap((user) =>
        membershipsOf(user, 'postgres').map(({ role, admin, inherit, set }) => [
          literal(role),
          literal(user.name),
          String(admin),
          String(inherit),
          String(set),
        ]),
      ),
    ),
  ];
}

function optionRows({ name, attributes }: ClusterUser): string[][] {
  return attributes
    .filter((attribute) => attribute !== ROLE)
    .map(optionOf)
    .map(({ option, value }) => [literal(name), literal(option), orNull(value)]);
}

function orNull(text: string | null): string {
  return text === null ? 'NULL' : literal(text);
}

function table(name: string, definition: string, rows: string[][]): TableDescriptor {
  const steps: DdlStep[] = [
    { phase: 'create', sql: `CREATE TABLE public.${name} (${definition})`, requires: [] },
  ];
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
    const values = rows.slice(from, from + ROWS_A_STATEMENT).map((row) => `(${row.join(', ')})`);
    // In a phase that runs statement by statement: they are rows, but no data file has them.
    steps.push({
      phase: 'indexes',
      sql: `INSERT INTO public.${name} VALUES ${values.join(', ')}`,
      requires: [],
    });
  }
  return {
    kind: 'table',
    name: { database: 'system', schema: 'public', name },
    dependencies: [],
    ddl: steps,
    comment: null,
    columns: [],
    primaryKey: null,
    rowKey: null,
    storage: null,
  };
}
