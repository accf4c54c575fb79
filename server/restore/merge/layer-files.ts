import type { Readable } from 'node:stream';
import { HoldfastError } from '../../errors.ts';
import { readDataFile } from '../../format/data-file.ts';
import type { StoredRows } from '../../format/data-file.ts';
import { parseLocation } from '../../storage/location.ts';
import type { Location } from '../../storage/location.ts';
import type { Store } from '../../storage/store.ts';

/** A data file and its backup's place in the chain. */
export interface LayerFile<F extends StoredRows = StoredRows> {
  layer: number;
  file: F;
}

/** Small files are asked for ahead of time: the far ends of a network take their time to answer, each of them. */
const AHEAD_FILES = 4;
const SMALL_BYTES = 1024 * 1024;

/** Reads data files of several backups of a chain, each of which is opened once. */
export class LayerFiles {
  readonly #urls: readonly string[];
  readonly #openStore: (location: Location) => Store;
  readonly #opened = new Map<number, { location: Location; store: Store }>();

  /** `urls`: of the chain, oldest to newest. */
  constructor(urls: readonly string[], openStore: (location: Location) => Store) {
    this.#urls = urls;
    this.#openStore = openStore;
  }

  /** The file as `readDataFile` gives it. An abort destroys the stream with the signal's reason. */
  async read({ layer, file }: LayerFile, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    const { location, store } = this.#at(layer);
    const text = await readDataFile(store, file, location);
    const stop = () => text.destroy(new HoldfastError('canceled', `canceled: read ${file.name}`));
    signal.addEventListener('abort', stop, { once: true });
    text.once('close', () => {
      signal.removeEventListener('abort', stop);
    });
    if (signal.aborted) stop();
    return text;
  }

  /** The files one after the other, each with its stream, which is to be read to its end before the next is asked for. */
  async *inTurn<F extends StoredRows>(
    files: readonly LayerFile<F>[],
    signal: AbortSignal,
  ): AsyncGenerator<LayerFile<F> & { text: Readable }, void> {
    const ahead: Promise<Readable>[] = [];
    try {
      for (const [place, each] of files.entries()) {
        for (let next = place + ahead.length; next < files.length && next < place + AHEAD_FILES; next++) {
          const coming = files[next];
          if (coming === undefined) break;
          if (next > place && (each.file.bytes > SMALL_BYTES || coming.file.bytes > SMALL_BYTES)) break;
          const text = this.read(coming, signal);
          // A failure is met when it is its turn.
          text.catch(() => undefined);
          ahead.push(text);
        }
        const text = await ahead.shift();
        if (text === undefined) throw new HoldfastError('internal', 'a file was not asked for');
        try {
          yield { ...each, text };
        } finally {
          text.destroy();
        }
      }
    } finally {
      for (const coming of ahead)
        coming.then(
          (text) => text.destroy(),
          () => undefined,
        );
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map(({ store }) => store.close()));
  }

  #at(layer: number): { location: Location; store: Store } {
    const known = this.#opened.get(layer);
    if (known !== undefined) return known;
    const url = this.#urls[layer];
    if (url === undefined)
      throw new HoldfastError('internal', `the restore has no backup at place ${layer + 1}`);
    const location = parseLocation(url, 'source');
    const opened = { location, store: this.#openStore(location) };
    this.#opened.set(layer, opened);
    return opened;
  }
}
