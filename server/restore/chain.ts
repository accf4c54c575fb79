import { storedColumns } from '../cluster/descriptor.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import { momentText } from '../cluster/moment.ts';
import { isAsOf } from '../cluster/moments.ts';
import { nameKey, printName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { type Layer, openLayers, SOURCE } from '../format/chain.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';

/** Which layers have what makes a table up, by their places in the chain. */
export interface TableSource {
  /** The newest layer that has all of its rows. */
  whole: number;
  /** The layers after that one; each has what changed since the one before it. */
  changes: number[];
}

/** A full backup and its incremental ones, oldest to newest, checked to belong together. */
export interface BackupChain {
  layers: readonly Layer[];
  /** The layer that says what is restored. */
  last: Layer;
  /** Of each table of the last layer, by `nameKey`. */
  sources: ReadonlyMap<string, TableSource>;
}

/**
 * Reads the backups at these URLs, oldest to newest, and checks that they are one chain. Throws HoldfastError with the
 * field `source`: what `parseLocation` and `readManifest` throw, `invalid-value` for backups that don't belong
 * together or stand in another order, and `corrupt-backup` for layers that contradict each other.
 */
export async function openChain(
  urls: readonly string[],
  openStore: (location: Location) => Store,
): Promise<BackupChain> {
  if (urls.length === 0 || urls.some((url) => url.trim() === '')) {
    throw new HoldfastError('location-invalid', 'the restore has no backup to restore from', {
      field: 'source',
      hint: 'Give the URL of a backup, such as nodelocal://self/bank-full.',
    });
  }
  return chainOf(await openLayers(urls, openStore, SOURCE));
}

/** The part of the chain up to the backup that was taken as of this time; null when none was. */
export function chainAsOf(chain: BackupChain, asOf: string): BackupChain | null {
  const found = chain.layers.findIndex(({ manifest }) => isAsOf(manifest.moment, asOf));
  return found < 0 ? null : chainOf(chain.layers.slice(0, found + 1));
}

/** The times that a chain can be restored as of, for people; the newest ones where there are many. */
export function momentsOf(chain: BackupChain): string {
  const SHOWN = 5;
  const times = chain.layers.slice(-SHOWN).map(({ manifest }) => momentText(manifest.moment));
  return `${chain.layers.length > SHOWN ? '…, ' : ''}${times.join(', ')}`;
}

/** What layers that are one chain have of each table. Throws `corrupt-backup` for layers that contradict each other. */
export function chainOf(layers: readonly Layer[]): BackupChain {
  const last = layers.at(-1);
  if (last === undefined) throw new HoldfastError('internal', 'a chain has at least one layer');
  const indexed = layers.map(({ manifest, location }) => ({
    location,
    tables: new Map(
      manifest.descriptors.flatMap((descriptor) =>
        descriptor.kind === 'table' ? [[nameKey(descriptor.name), descriptor]] : [],
      ),
    ),
    changes: new Set(manifest.changes.map(({ table }) => nameKey(table))),
  }));
  const sourceOf = (table: TableDescriptor): TableSource => {
    const key = nameKey(table.name);
    const changes: number[] = [];
    for (let place = layers.length - 1; place >= 0; place--) {
      const layer = indexed[place];
      const here = layer?.tables.get(key);
      if (layer === undefined || here === undefined || !sameRows(here, table)) break;
      if (!layer.changes.has(key)) return { whole: place, changes };
      changes.unshift(place);
    }
    const [oldest = layers.length - 1] = changes;
    throw new HoldfastError(
      'corrupt-backup',
      `${indexed[oldest]?.location.redacted} has only what changed in ${printName(table.name)}, but the backup before it has no such table`,
      { hint: 'Do not restore from this chain. Use an earlier part of it, or another one.', field: 'source' },
    );
  };
  return {
    layers,
    last,
    sources: new Map([...(indexed.at(-1)?.tables ?? [])].map(([key, table]) => [key, sourceOf(table)])),
  };
}

/** Whether lines of the one table's files are rows of the other, told by the same key. */
export function sameRows(one: TableDescriptor, other: TableDescriptor): boolean {
  const form = (table: TableDescriptor) =>
    JSON.stringify([storedColumns(table).map(({ name }) => name), table.rowKey]);
  return one === other || form(one) === form(other);
}

/** What a chain has of a table. */
export interface LoadedSize {
  /** Of all layers that a restore reads: of a row that several of them have, one is there in the end. */
  rows: number;
  /** As COPY text. */
  bytes: number;
  /** Some of the layers have changed rows, or keys of deleted ones. */
  changed: boolean;
}

/** What a restore reads of each table, by `nameKey`. */
export function loadedSizes(chain: BackupChain): Map<string, LoadedSize> {
  const sizes = new Map<string, LoadedSize>();
  for (const [place, { manifest }] of chain.layers.entries())
    for (const file of manifest.files) {
      const key = nameKey(file.table);
      const source = chain.sources.get(key);
      if (source === undefined || place < source.whole) continue;
      const size = sizes.get(key) ?? { rows: 0, bytes: 0, changed: false };
      const loaded = file.kind === 'rows';
      sizes.set(key, {
        rows: size.rows + (loaded ? file.rows : 0),
        bytes: size.bytes + (loaded ? file.rawBytes : 0),
        changed: size.changed || (place > source.whole && file.rows > 0),
      });
    }
  return sizes;
}
