import type { SavedDestination } from '../destinations/form-values.ts';

/** What is chosen as the storage of a backup: a saved destination by its number, a directory, or whatever a URL says. */
export type StorageChoice =
  | { kind: 'saved'; value: string; destination: SavedDestination }
  | { kind: 'nodelocal'; value: 'nodelocal' }
  | { kind: 'url'; value: 'url' };

export function savedValue(id: string): string {
  return `saved:${id}`;
}

/**
 * The choice that a draft has. Nobody having chosen, it is the first saved destination, or a directory. One that was removed
 * meanwhile has left its URL.
 */
export function storageOf(value: string | null, saved: readonly SavedDestination[]): StorageChoice {
  const [first] = saved;
  const destination = value === null ? first : saved.find(({ id }) => savedValue(id) === value);
  if (destination !== undefined) return { kind: 'saved', value: savedValue(destination.id), destination };
  return value === null || value === 'nodelocal'
    ? { kind: 'nodelocal', value: 'nodelocal' }
    : { kind: 'url', value: 'url' };
}

/** Below which backups are suggested; null where there is nothing to go by. */
export function baseOf(choice: StorageChoice): string | null {
  switch (choice.kind) {
    case 'saved':
      return choice.destination.url;
    case 'nodelocal':
      return 'nodelocal://self/';
    case 'url':
      return null;
  }
}
