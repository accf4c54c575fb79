import type { TableDescriptor } from '../../cluster/descriptor.ts';
import { nameKey, printName } from '../../cluster/names.ts';
import type { BackupChain } from '../chain.ts';
import type { RestoreItem } from '../plan.ts';
import { bytesAKey } from './key-index.ts';
import { keyForm } from './key-types.ts';

/** The memory that an engine has for keys of merged tables, all of them together, in bytes. */
export const MERGE_BYTES = 256 * 1024 * 1024;

/** Names that a line of a job's log has at most. */
const NAMED = 5;

/** How the changes of a chain come to its tables' rows. */
export interface MergePlan {
  /**
   * Of each table of which layers are merged, by `nameKey`: the oldest of those layers, by its place in the chain. A row is loaded
   * only if none of them that is newer than the row's own speaks of its key. What is older is put in layer by layer.
   */
  since: ReadonlyMap<string, number>;
  /** What there is to say of it, for people. */
  notes: string[];
}

/** Merges nothing: layer by layer, whatever the tables. */
export const LAYER_BY_LAYER: MergePlan = { since: new Map(), notes: [] };

/** Decides for each table that has changes, so that its keys fit into so many bytes. */
export function planMerge(chain: BackupChain, items: readonly RestoreItem[], bytes: number): MergePlan {
  const since = new Map<string, number>();
  const changedKeys = keysByLayer(chain);
  const said = new Map<string, string[]>();
  for (const { descriptor } of items) {
    if (descriptor.kind !== 'table') continue;
    const key = nameKey(descriptor.name);
    const changes = chain.sources.get(key)?.changes ?? [];
    const keys = changes
      .map((layer) => ({ layer, keys: changedKeys.get(key)?.get(layer) ?? 0 }))
      .filter((each) => each.keys > 0);
    if (keys.length === 0) continue;
    const { first, how } = decide(descriptor, keys, bytes);
    if (first !== null) since.set(key, first);
    const tables = said.get(how) ?? [];
    tables.push(printName(descriptor.name));
    said.set(how, tables);
  }
  return { since, notes: [...said].map(([how, tables]) => `${listed(tables)}: ${how}.`) };
}

/** `first`: the oldest layer that is merged; null where none is. */
function decide(
  table: TableDescriptor,
  changes: readonly { layer: number; keys: number }[],
  bytes: number,
): { first: number | null; how: string } {
  const form = keyForm(table);
  if (form.kind === 'other')
    return { first: null, how: `changes are put in layer by layer, since ${form.reason}` };
  const most = Math.floor(bytes / bytesAKey(form.bytes));
  let first: number | null = null;
  let merged = 0;
  let left = most;
  for (const { layer, keys } of changes.toReversed()) {
    if (keys > left) break;
    left -= keys;
    first = layer;
    merged += 1;
  }
  if (merged === changes.length)
    return { first, how: 'changes are merged with the rows as they are read, each row is written once' };
  const room = `an engine has room for ${most} keys`;
  if (first === null)
    return { first, how: `changes are put in layer by layer, since ${room}, and one backup has more` };
  return {
    first,
    how: `changes of the newest ${merged} of ${changes.length} backups that have some are merged, those of the older ones are put in layer by layer, since ${room}`,
  };
}

/** How many keys each incremental layer has of each table, by `nameKey` and place in the chain. */
function keysByLayer(chain: BackupChain): Map<string, Map<number, number>> {
  const tables = new Map<string, Map<number, number>>();
  for (const [layer, { manifest }] of chain.layers.entries())
    for (const { table, rows } of manifest.files) {
      const key = nameKey(table);
      const source = chain.sources.get(key);
      if (source === undefined || layer <= source.whole) continue;
      const layers = tables.get(key) ?? new Map<number, number>();
      layers.set(layer, (layers.get(layer) ?? 0) + rows);
      tables.set(key, layers);
    }
  return tables;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} and ${names.length - NAMED} more` : shown;
}
