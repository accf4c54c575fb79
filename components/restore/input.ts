import type { BackupSummary } from '../../server/backup/selection.ts';
import type { Targets } from '../../server/statement/ast.ts';
import { comesWith } from '../selection/catalog.ts';
import type { Picked, PickedObjects } from '../selection/picked.ts';
import { objectKey, toTargets } from '../selection/picked.ts';
import type { TreeDatabase, TreeObject } from '../tree/model.ts';
import { hasRows } from '../ui/kind.tsx';
import type { Inputs } from '../trpc.ts';
import type { Into, RestoreDraft } from './draft.ts';

export type RestoreInput = Omit<Inputs['restores']['plan'], 'targets'> & { targets: Targets };

/** A backup's objects as the tree takes them. */
export function treeOf(backup: BackupSummary): TreeDatabase[] {
  const byDatabase = new Map<string, TreeObject[]>(backup.databases.map((name) => [name, []]));
  for (const { kind, name, ownedBy, changes, rows, rawBytes } of backup.objects) {
    // What changed says nothing of what a table comes to.
    const counted = hasRows({ kind }) && changes === null;
    const object: TreeObject = {
      kind,
      name,
      rows: counted ? rows : null,
      exact: true,
      bytes: counted ? rawBytes : null,
      unsupported: null,
      comesWith: comesWith({ kind, name, ownedBy }),
    };
    const list = byDatabase.get(name.database);
    if (list === undefined) byDatabase.set(name.database, [object]);
    else list.push(object);
  }
  return [...byDatabase]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, objects]) => ({
      name,
      bytes: objects.some((object) => hasRows(object) && object.bytes === null)
        ? null
        : objects.reduce((sum, object) => sum + (object.bytes ?? 0), 0),
      content: { status: 'loaded', objects },
    }));
}

/** Everything that a backup holds, ticked. */
export function everything(tree: readonly TreeDatabase[]): Picked {
  return new Map(tree.map(({ name }) => [name, 'all']));
}

/** What is left of a choice where the backup is another one: an earlier layer may lack some of it. */
export function withinTree(picked: Picked, tree: readonly TreeDatabase[]): Picked {
  const kept = new Map<string, PickedObjects>();
  for (const { name, content } of tree) {
    const objects = picked.get(name);
    if (objects === undefined) continue;
    const held = new Set(
      content.status === 'loaded' ? content.objects.map((each) => objectKey(each.name)) : [],
    );
    const left = objects === 'all' ? objects : new Set([...objects].filter((key) => held.has(key)));
    if (left === 'all' || left.size > 0) kept.set(name, left);
  }
  return kept;
}

/** `bank_restored`, or the first of `bank_restored_2`, `_3` … that no database is called. */
export function suggestDatabase(picked: Picked, taken: readonly string[]): string {
  const [only, ...others] = picked.keys();
  const base = `${only !== undefined && others.length === 0 ? only : 'backup'}_restored`;
  if (!taken.includes(base)) return base;
  for (let number = 2; ; number += 1) {
    if (!taken.includes(`${base}_${number}`)) return `${base}_${number}`;
  }
}

/** Into its own name where nothing of that name is there, as after a disaster; else beside it. */
export function defaultInto(picked: Picked, taken: readonly string[]): Into {
  return [...picked.keys()].some((database) => taken.includes(database)) ? 'new' : 'own';
}

/** What is asked of the console; null while something that it needs is not filled in. */
export function inputOf(
  draft: RestoreDraft,
  backup: BackupSummary,
  picked: Picked,
  cluster: string,
  /** Names of the databases of that cluster. */
  taken: readonly string[],
): RestoreInput | null {
  const into = draft.into ?? defaultInto(picked, taken);
  const newDb = (draft.newDb ?? suggestDatabase(picked, taken)).trim();
  const intoDb = into === 'own' ? null : into === 'existing' ? draft.existingDb : newDb;
  if (picked.size === 0 || (into !== 'own' && (intoDb === null || intoDb === ''))) return null;
  const targets = toTargets(picked, new Set(backup.databases));
  const lacking = [...picked.keys()].some((database) => !taken.includes(database));
  return {
    cluster,
    source: backup.url,
    targets,
    intoDb,
    // A database that is restored whole is created by that; single tables need theirs to be there.
    createDb: into === 'new' || (into === 'own' && targets.kind === 'tables' && lacking),
    skipMissingForeignKeys: draft.skipMissingForeignKeys,
    skipMissingSequences: draft.skipMissingSequences,
    skipMissingViews: draft.skipMissingViews,
  };
}
