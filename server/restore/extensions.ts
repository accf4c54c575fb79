import type { Cluster, ExtensionState } from '../cluster/cluster.ts';
import type { Extension } from '../cluster/descriptor.ts';
import { printName, quoteIdent } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import type { RestoreItem } from './plan.ts';

/** An extension that a restore creates, and the database that it is created in. */
export interface NewExtension extends Extension {
  database: string;
}

/**
 * The extensions that the items need and their databases lack: to be created, with a warning that says so. What the server
 * doesn't have at all, or has in another schema than the items' statements name, is a problem.
 */
export async function checkExtensions(
  cluster: Pick<Cluster, 'extensions'>,
  items: readonly RestoreItem[],
  createsDatabases: readonly string[],
  problems: HoldfastError[],
  warnings: string[],
): Promise<NewExtension[]> {
  const created: NewExtension[] = [];
  const known = new Map<string, Map<string, ExtensionState>>();
  for (const { extension, database, users } of needsOf(items)) {
    const states =
      known.get(database) ??
      new Map(
        (await cluster.extensions(createsDatabases.includes(database) ? null : database)).map((state) => [
          state.name,
          state,
        ]),
      );
    known.set(database, states);
    const state = states.get(extension.name);
    const name = quoteIdent(extension.name);
    const [first] = users;
    const needing =
      (first === undefined ? '' : printName(first.target)) +
      (users.length > 1 ? ` and ${users.length - 1} more` : '');
    if (state === undefined) {
      problems.push(
        new HoldfastError(
          'missing-dependency',
          `cannot restore ${needing} without the extension ${name}, which this server does not have`,
          {
            field: 'targets',
            hint: 'Install the package that brings it on the server, or restore the other objects one by one.',
          },
        ),
      );
    } else if (state.schema === null) {
      created.push({ ...extension, database });
      warnings.push(`The extension ${name} is created in ${quoteIdent(database)}, for ${needing}.`);
    } else if (state.schema !== extension.schema) {
      problems.push(
        new HoldfastError(
          'missing-dependency',
          `cannot restore ${needing}: the extension ${name} is in schema ${quoteIdent(state.schema)} of ${quoteIdent(database)}, not in ${quoteIdent(extension.schema)}`,
          {
            field: 'intoDb',
            hint: `ALTER EXTENSION ${name} SET SCHEMA ${quoteIdent(extension.schema)} there, or restore into another database (into_db).`,
          },
        ),
      );
    }
  }
  return created;
}

function needsOf(
  items: readonly RestoreItem[],
): Iterable<{ extension: Extension; database: string; users: RestoreItem[] }> {
  const needs = new Map<string, { extension: Extension; database: string; users: RestoreItem[] }>();
  for (const item of items) {
    for (const extension of item.descriptor.extensions ?? []) {
      const { database } = item.target;
      const key = JSON.stringify([database, extension.name]);
      const need = needs.get(key);
      if (need === undefined) needs.set(key, { extension, database, users: [item] });
      else need.users.push(item);
    }
  }
  return needs.values();
}
