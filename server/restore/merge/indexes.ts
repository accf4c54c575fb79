import type { Clock } from '../../clock.ts';
import { keyColumns } from '../../cluster/descriptor.ts';
import type { TableDescriptor } from '../../cluster/descriptor.ts';
import { nameKey, printName } from '../../cluster/names.ts';
import { HoldfastError } from '../../errors.ts';
import type { Location } from '../../storage/location.ts';
import type { Store } from '../../storage/store.ts';
import { buildIndex, type ChangeFiles, keysOf, readChangeFiles } from './build.ts';
import { Kept, type Lent } from './kept.ts';
import { bytesAKey, type KeyIndex } from './key-index.ts';
import { keyForm } from './key-types.ts';
import { LayerFiles } from './layer-files.ts';

/** What an attempt of a restore reads its changes from. */
export interface MergeSource {
  /** Another one for each attempt of each job. */
  attempt: string;
  /** The chain, oldest to newest, and which backups those were when it was planned. */
  urls: readonly string[];
  ids: readonly string[];
  openStore: (location: Location) => Store;
}

/** An index lent, and where the key's columns are in a line of rows. */
export interface LentIndex {
  /** Null where nothing newer than what was asked for speaks of any key. */
  index: KeyIndex | null;
  positions: readonly number[];
  giveBack(): void;
}

/** The indexes of keys that one engine's tasks merge by, whatever their jobs: each built once, all of them in so many bytes. */
export class MergeIndexes {
  readonly #changes: Kept<ChangeFiles>;
  readonly #indexes: Kept<KeyIndex>;

  constructor(bytes: number, clock: Clock) {
    this.#changes = new Kept(Number.POSITIVE_INFINITY, clock);
    this.#indexes = new Kept(bytes, clock);
  }

  /**
   * Lends the index of a table's keys in the layers from `since` on, for rows of the layer `oldest` and newer ones. Waits while
   * other indexes take the room; throws what reading the changes throws.
   */
  async lend(
    source: MergeSource,
    table: TableDescriptor,
    { since, oldest }: { since: number; oldest: number },
    signal: AbortSignal,
  ): Promise<LentIndex> {
    const form = keyForm(table);
    if (form.kind === 'other')
      throw new HoldfastError('internal', `${printName(table.name)} can't be merged: ${form.reason}`);
    const { positions } = form;
    const changes = await this.#lendChanges(source, signal);
    try {
      const files = (changes.value.get(nameKey(table.name)) ?? []).filter(({ layer }) => layer >= since);
      if (files.every(({ layer }) => layer <= oldest))
        return {
          index: null,
          positions,
          giveBack: () => {
            changes.giveBack();
          },
        };
      const index = await this.#indexes.lend(
        `${source.attempt} ${since} ${nameKey(table.name)}`,
        keysOf(files) * bytesAKey(form.bytes),
        async (unwanted) => {
          const read = new LayerFiles(source.urls, source.openStore);
          try {
            return await buildIndex(files, { positions, columns: keyColumns(table) }, read, unwanted);
          } finally {
            await read.close();
          }
        },
        signal,
      );
      const giveBack = () => {
        index.giveBack();
        changes.giveBack();
      };
      return { index: index.value, positions, giveBack };
    } catch (error) {
      changes.giveBack();
      throw error;
    }
  }

  close(): void {
    this.#changes.close();
    this.#indexes.close();
  }

  #lendChanges(source: MergeSource, signal: AbortSignal): Promise<Lent<ChangeFiles>> {
    const { attempt, urls, ids, openStore } = source;
    return this.#changes.lend(attempt, 0, () => readChangeFiles(urls, ids, openStore), signal);
  }
}
