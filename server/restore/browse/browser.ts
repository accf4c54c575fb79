import type { ObjectKind } from '../../cluster/descriptor.ts';
import { findTable } from '../../cluster/descriptor.ts';
import type { ObjectName } from '../../cluster/names.ts';
import { HoldfastError } from '../../errors.ts';
import { firstRows } from '../../format/first-rows.ts';
import { readManifest } from '../../format/manifest.ts';
import type { Manifest } from '../../format/manifest.ts';
import { lendAmong } from '../../storage/lending.ts';
import { parseLocation } from '../../storage/location.ts';
import type { Location } from '../../storage/location.ts';
import { storeErrorToHoldfast } from '../../storage/open.ts';
import type { Store } from '../../storage/store.ts';
import { openChain } from '../chain.ts';
import { wholeChain } from '../layers.ts';
import { tableLayers } from './layers.ts';
import { columnsOfFile, fileView, findObject, objectView } from './object.ts';
import { schemaText } from './schema.ts';
import type { FileRows, ObjectView, SchemaText, TableLayer } from './view.ts';

/** The most rows of a file that are shown. */
export const MOST_ROWS = 500;

/**
 * Looks into backups without restoring them. The manifest is opened here each time, and says which objects and files there
 * are: no other file is ever read. Everything throws what `parseLocation` and `readManifest` throw.
 */
export class BackupBrowser {
  readonly #openStore: (location: Location) => Store;

  constructor(openStore: (location: Location) => Store) {
    this.#openStore = openStore;
  }

  /** Throws HoldfastError `undefined-object` too. */
  async object(url: string, kind: ObjectKind, name: ObjectName): Promise<ObjectView> {
    return this.#look(url, (manifest, { redacted }) =>
      objectView(manifest, findObject(manifest, kind, name, redacted), redacted),
    );
  }

  /** The layers that make a table up. Throws HoldfastError, naming the layer, where the chain isn't whole. */
  async layers(url: string, table: ObjectName): Promise<TableLayer[]> {
    const urls = lendAmong(await wholeChain(url, this.#openStore));
    return tableLayers(await openChain(urls, this.#openStore), table);
  }

  /**
   * The first rows of a file that the manifest names, at most `MOST_ROWS`. Throws HoldfastError: `undefined-object` for any
   * other name, `corrupt-backup` for a file that isn't what the manifest says.
   */
  async firstRows(url: string, name: string, wanted: number): Promise<FileRows> {
    return this.#look(url, async (manifest, location, store) => {
      const file = manifest.files.find((each) => each.name === name);
      const table = file && findTable(manifest.descriptors, file.table);
      if (file === undefined || table === undefined) {
        throw new HoldfastError(
          'undefined-object',
          `the backup at ${location.redacted} has no file ${JSON.stringify(name)}`,
          { hint: 'The pages of its tables list the files that it has.' },
        );
      }
      const columns = columnsOfFile(table, file.kind);
      const found = await firstRows(store, file, location, {
        columns: columns.length,
        wanted: Math.min(wanted, MOST_ROWS),
      });
      return { file: fileView(file), columns, ...found };
    });
  }

  /** Throws HoldfastError `undefined-database` too. */
  async schema(url: string, database: string): Promise<SchemaText> {
    return this.#look(url, (manifest, { redacted }) => schemaText(manifest, database, redacted));
  }

  async #look<T>(
    url: string,
    work: (manifest: Manifest, location: Location, store: Store) => T | Promise<T>,
  ): Promise<T> {
    const location = parseLocation(url, 'source');
    const store = this.#openStore(location);
    try {
      return await work(await readManifest(store, location), location, store);
    } catch (error) {
      throw storeErrorToHoldfast(error, location);
    } finally {
      await store.close();
    }
  }
}
