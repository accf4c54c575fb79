import { nameKey } from '../cluster/names.ts';
import type { DataFile } from '../format/manifest.ts';
import type { BackupChain } from './chain.ts';
import type { RestoreItem } from './plan.ts';

/** One piece of work: a file's rows into their table, or the rows of the files' keys out of theirs. */
export type RestoreStep =
  | { kind: 'load'; layer: number; file: DataFile }
  /** Files of one table and layer, of both kinds; at least one. */
  | { kind: 'remove'; layer: number; files: DataFile[] };

/** Steps that may be done in any order and side by side; all of them before the next phase begins. */
export interface RestorePhase {
  status: string;
  steps: RestoreStep[];
}

/** Removing reads the whole table where it has no index yet: so many bytes of files, as COPY text, go together. */
const REMOVE_BYTES = 64 * 1024 * 1024;
const REMOVE_FILES = 100;

/**
 * The loading of tables in phases: first every table whole, from the newest layer that has it so; then, layer by
 * layer, what changed. All keys of a layer go before any of its rows come: two rows that traded a unique value are
 * never there at once.
 */
export function restorePhases(chain: BackupChain, items: readonly RestoreItem[]): RestorePhase[] {
  const wanted = new Set(items.map(({ descriptor }) => nameKey(descriptor.name)));
  const whole: RestoreStep[] = [];
  const phases: RestorePhase[] = [{ status: 'loading rows', steps: whole }];
  for (const [layer, { manifest }] of chain.layers.entries()) {
    const changed = new Map<string, DataFile[]>();
    for (const file of manifest.files) {
      const key = nameKey(file.table);
      const source = chain.sources.get(key);
      if (!wanted.has(key) || source === undefined || layer < source.whole) continue;
      if (layer === source.whole) whole.push({ kind: 'load', layer, file });
      else {
        const files = changed.get(key) ?? [];
        files.push(file);
        changed.set(key, files);
      }
    }
    const of = `of backup ${layer + 1} of ${chain.layers.length}`;
    const removes = [...changed.values()].flatMap((files) =>
      groups(files).map((group): RestoreStep => ({ kind: 'remove', layer, files: group })),
    );
    const loads = [...changed.values()]
      .flat()
      .filter(({ kind }) => kind === 'rows')
      .map((file): RestoreStep => ({ kind: 'load', layer, file }));
    if (removes.length > 0) phases.push({ status: `removing changed rows ${of}`, steps: removes });
    if (loads.length > 0) phases.push({ status: `loading changed rows ${of}`, steps: loads });
  }
  return phases;
}

function groups(files: readonly DataFile[]): DataFile[][] {
  const result: DataFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    if (file.rows === 0) continue;
    const group = result.at(-1);
    if (group === undefined || bytes + file.rawBytes > REMOVE_BYTES || group.length === REMOVE_FILES) {
      result.push([file]);
      bytes = file.rawBytes;
    } else {
      group.push(file);
      bytes += file.rawBytes;
    }
  }
  return result;
}
