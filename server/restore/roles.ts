import type { Cluster } from '../cluster/cluster.ts';
import { printName, quoteIdent } from '../cluster/names.ts';
import type { RestoreItem } from './plan.ts';

/** One warning for each role that policies are for and that the cluster lacks: they are restored without it. */
export async function missingRoles(
  cluster: Pick<Cluster, 'users'>,
  items: readonly RestoreItem[],
): Promise<string[]> {
  const users = new Map<string, Set<string>>();
  for (const { descriptor, target } of items)
    for (const role of descriptor.ddl.flatMap(({ roles }) => roles ?? []))
      users.set(role, (users.get(role) ?? new Set()).add(printName(target)));
  if (users.size === 0) return [];
  const present = new Set((await cluster.users()).map(({ name }) => name));
  return [...users]
    .filter(([role]) => !present.has(role) && !BUILT_IN.test(role))
    .map(
      ([role, tables]) =>
        `Role ${quoteIdent(role)} is missing: the policies of ${[...tables].join(', ')} are restored without it.`,
    );
}

/** Roles that come with the server and aren't listed among its users. */
const BUILT_IN = /^pg_/;
