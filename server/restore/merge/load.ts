import { Readable } from 'node:stream';
import type { Cluster } from '../../cluster/cluster.ts';
import type { TableDescriptor } from '../../cluster/descriptor.ts';
import type { DataFile } from '../../format/manifest.ts';
import { damageBehind, tookOther } from '../load.ts';
import type { KeyIndex } from './key-index.ts';
import { KeyLines } from './key-lines.ts';
import type { LayerFile, LayerFiles } from './layer-files.ts';

/** What is loaded by one task: rows of several files, those left out that a newer layer speaks of. */
export interface MergedLoad {
  restore: string;
  /** The restore's own. */
  key: string;
  database: string;
  table: TableDescriptor;
  files: readonly LayerFile<DataFile>[];
  /** Of the table's keys in the layers that are merged; null where none of them is newer than these files. */
  index: KeyIndex | null;
  /** Of the key's columns in a line. */
  positions: readonly number[];
}

/** How far a load is. */
export interface Merged {
  /** Rows and bytes of COPY text handed to the cluster. */
  rows: number;
  bytes: number;
  /** Bytes of COPY text read. */
  rawBytes: number;
}

/**
 * Loads the files' rows into their table, each file checked against its checksum: all of them or nothing, and by `key` one
 * time. Answers rows and bytes of COPY text that are in. Throws `corrupt-backup` when a file isn't what its manifest says, or the cluster took another number of rows.
 */
export async function loadMerged(
  cluster: Pick<Cluster, 'load'>,
  read: LayerFiles,
  load: MergedLoad,
  options: { signal: AbortSignal; onProgress: (merged: Merged) => void },
): Promise<{ rows: number; bytes: number }> {
  const { database, table, restore, key, files } = load;
  const source = new MergedSource(read, load, options);
  const text = Readable.from(source.text(), { objectMode: false });
  const { rows } = await cluster
    .load(database, table, text, options.signal, { restore, key })
    .catch(async (refused: unknown) => {
      let error = refused;
      for (const file of files)
        error = await damageBehind(error, () => read.read(file, options.signal), options.signal);
      throw error;
    });
  const { merged } = source;
  // What an earlier try has loaded isn't read again, and can't be counted.
  if (!source.ended) return { rows, bytes: merged.bytes };
  if (rows !== merged.rows)
    throw tookOther(files.map(({ file }) => file.name).join(', '), rows, merged.rows, table.name);
  return { rows, bytes: merged.bytes };
}

class MergedSource {
  readonly merged: Merged = { rows: 0, bytes: 0, rawBytes: 0 };
  /** All files have been read to their ends. */
  ended = false;
  readonly #read: LayerFiles;
  readonly #load: MergedLoad;
  readonly #options: { signal: AbortSignal; onProgress: (merged: Merged) => void };

  constructor(
    read: LayerFiles,
    load: MergedLoad,
    options: { signal: AbortSignal; onProgress: (merged: Merged) => void },
  ) {
    this.#read = read;
    this.#load = load;
    this.#options = options;
  }

  async *text(): AsyncGenerator<Buffer, void> {
    const { merged } = this;
    const { signal, onProgress } = this.#options;
    for await (const { layer, file, text } of this.#read.inTurn(this.#load.files, signal)) {
      const lines = this.#linesOf(layer);
      for await (const chunk of text as AsyncIterable<Buffer>) {
        const kept = lines?.take(chunk) ?? chunk;
        merged.rawBytes += chunk.length;
        merged.bytes += kept.length;
        onProgress(merged);
        if (kept.length > 0) yield kept;
      }
      lines?.end();
      merged.rows += file.rows - (lines?.dropped ?? 0);
    }
    this.ended = true;
  }

  #linesOf(layer: number): KeyLines | null {
    const { index, positions } = this.#load;
    if (index === null) return null;
    return new KeyLines(positions, (bytes, start, end) => index.newestOf(bytes, start, end) <= layer);
  }
}
