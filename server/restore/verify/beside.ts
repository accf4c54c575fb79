import { CHECKPOINT_NAME } from '../../format/checkpoint.ts';
import { MANIFEST_NAME, type Manifest } from '../../format/manifest.ts';
import { StoreError, type Store } from '../../storage/store.ts';

/** So many names of files that don't belong are told. */
const NAMED = 5;

/** What lies beside a backup's own files; null where the store can't or won't list. */
export interface Beside {
  count: number;
  names: string[];
}

/**
 * The files below a backup's URL that its manifest doesn't name, and that no other backup further down may have for its own. They
 * harm nothing: a restore reads what the manifest names. Throws StoreError.
 */
export async function filesBeside(
  store: Store,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Beside | null> {
  const own = new Set([MANIFEST_NAME, CHECKPOINT_NAME, ...manifest.files.map(({ name }) => name)]);
  const found: Beside = { count: 0, names: [] };
  try {
    const others = await backupsBelow(store, signal);
    for await (const { name } of store.list('')) {
      signal.throwIfAborted();
      if (own.has(name) || others.some((directory) => name.startsWith(directory))) continue;
      found.count += 1;
      if (found.names.length < NAMED) found.names.push(name);
    }
    return found;
  } catch (error) {
    // To read a backup needs no right to list.
    if (error instanceof StoreError && (error.code === 'no-listing' || error.code === 'denied')) return null;
    throw error;
  }
}

/** The directories of other backups below this one, finished or not. */
async function backupsBelow(store: Store, signal: AbortSignal): Promise<string[]> {
  const directories = new Set<string>();
  for await (const { name } of store.list('')) {
    signal.throwIfAborted();
    for (const document of [MANIFEST_NAME, CHECKPOINT_NAME])
      if (name.endsWith(`/${document}`)) directories.add(name.slice(0, -document.length));
  }
  return [...directories];
}
