import type { ClusterUser } from '../cluster/cluster.ts';
import { literal } from '../cluster/literal.ts';
import type { DdlStep, TableDescriptor } from '../cluster/descriptor.ts';
import type { Manifest } from '../format/manifest.ts';

/** Rows that one INSERT has. */
const ROWS_A_STATEMENT = 500;

/**
 * CockroachDB's tables of users, made from those in the manifest, as every backup is documented to have them:
 * `RESTORE system.users FROM … WITH into_db = 'newdb'`, then `INSERT INTO system.users SELECT * FROM newdb.users`
 * (https://www.cockroachlabs.com/docs/v21.1/restore#restoring-users-from-system-users-backup). Empty for other clusters.
 */
export function userTables({ cluster, users }: Manifest): TableDescriptor[] {
  if (cluster.kind !== 'cockroachdb') return [];
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
      users.flatMap(memberRows),
    ),
  ];
}

/** How the manifest marks a role that can't log in by being made one. */
const ROLE = 'ROLE';
const ADMIN = ' WITH ADMIN OPTION';

function optionRows({ name, attributes }: ClusterUser): string[][] {
  return attributes
    .filter((attribute) => attribute !== ROLE)
    .map((attribute) => {
      // `VALID UNTIL '2027-01-01'`: the value is a constant already.
      const [, option = attribute, value = 'NULL'] = /^(.*?) ((?:e)?'.*')$/is.exec(attribute) ?? [];
      return [literal(name), literal(option), value];
    });
}

function memberRows({ name, memberOf }: ClusterUser): string[][] {
  return memberOf.map((membership) => {
    const isAdmin = membership.endsWith(ADMIN);
    const role = isAdmin ? membership.slice(0, -ADMIN.length) : membership;
    return [literal(role), literal(name), String(isAdmin)];
  });
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
