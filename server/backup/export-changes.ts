import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ChangeChunk, Cluster, TableChanges, TableRange } from '../cluster/cluster.ts';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import type { Moment } from '../cluster/moment.ts';
import { writeDataFile } from '../format/data-file.ts';
import type { StoredRows, WriteDataFileOptions } from '../format/data-file.ts';
import type { Store } from '../storage/store.ts';
import type { ExportOptions } from './export.ts';

export interface ChangesTask {
  /** Where rows and keys of deleted rows go; a file that would be empty is not written. */
  files: Record<ChangeChunk['kind'], string>;
  table: TableDescriptor;
  method: Exclude<TableChanges['method'], 'whole'>;
  range: TableRange;
  from: Moment;
  moment: Moment;
}

/** A file that one task wrote. */
export interface WrittenChanges extends StoredRows {
  kind: ChangeChunk['kind'];
}

/**
 * Exports what changed in one range: changed rows into one data file, keys of deleted rows into another. All or nothing:
 * a read that fails, or the signal, leaves no file. `onProgress` gets raw bytes and lines so far. `compared`: why
 * the range was compared with the base though it was to be followed.
 */
export async function exportChanges(
  cluster: Cluster,
  store: Store,
  task: ChangesTask,
  options: ExportOptions,
): Promise<{ files: WrittenChanges[]; compared: string | null }> {
  const { table, method, range, from, moment } = task;
  const files = new Map<ChangeChunk['kind'], ChangeFile>();
  const report = () => {
    const all = [...files.values()];
    const sum = (of: (file: ChangeFile) => number) => all.reduce((total, file) => total + of(file), 0);
    options.onProgress(
      sum((file) => file.rawBytes),
      sum((file) => file.rows),
    );
  };
  let compared: string | null = null;
  const onCompared = (reason: string) => (compared = reason);
  const { signal, compressor } = options;
  try {
    await options.turns.during(async () => {
      for await (const chunk of cluster.readChanges(table, method, range, from, moment, signal, onCompared)) {
        let file = files.get(chunk.kind);
        if (file === undefined) {
          file = new ChangeFile(store, task.files[chunk.kind], {
            signal,
            expectedBytes: range.estimatedBytes,
            onProgress: report,
            compressor,
          });
          files.set(chunk.kind, file);
        }
        await file.write(chunk.text);
      }
    });
    const written: WrittenChanges[] = [];
    for (const [kind, file] of files) written.push({ kind, ...(await file.end()) });
    return { files: written, compared };
  } catch (error) {
    for (const file of files.values()) await file.discard(error);
    throw error;
  }
}

/** A data file that is being written, fed chunk by chunk. */
class ChangeFile {
  rawBytes = 0;
  rows = 0;
  readonly #store: Store;
  readonly #name: string;
  readonly #text = new PassThrough();
  readonly #written: Promise<StoredRows>;

  constructor(
    store: Store,
    name: string,
    { onProgress, ...options }: WriteDataFileOptions & { onProgress: () => void },
  ) {
    this.#store = store;
    this.#name = name;
    this.#written = writeDataFile(store, name, this.#text, {
      ...options,
      onProgress: (rawBytes, rows) => {
        this.rawBytes = rawBytes;
        this.rows = rows;
        onProgress();
      },
    });
    // Whoever writes or ends it next gets to know.
    this.#written.catch(() => undefined);
  }

  /** Resolves when there is room for more; rejects with what the file failed with. */
  async write(text: Buffer): Promise<void> {
    if (this.#text.destroyed) await this.#written;
    else if (!this.#text.write(text)) await Promise.race([once(this.#text, 'drain'), this.#written]);
  }

  end(): Promise<StoredRows> {
    this.#text.end();
    return this.#written;
  }

  /** Makes sure that nothing of it is left. */
  async discard(reason: unknown): Promise<void> {
    this.#text.destroy(reason instanceof Error ? reason : new Error(String(reason)));
    const written = await this.#written.then(
      () => true,
      () => false,
    );
    // Why it was given up is what counts; the job sweeps what stays.
    if (written) await this.#store.remove(this.#name).catch(() => undefined);
  }
}
