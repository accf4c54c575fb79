import { pipeline, Readable } from 'node:stream';
import { pipeline as pipelineDone } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import { CopyCells, type Cell } from './copy-cells.ts';
import { checkedBytes, corrupt, readFailure, wrongLength, type StoredRows } from './data-file.ts';

/** A file of at most so many stored bytes is read whole and checked; of a larger one, so many are read at most. */
export const CHECKED_BYTES = 16 * 1024 * 1024;
/** So much COPY text is looked at, however much it decompresses to. */
const TEXT_BYTES = 32 * 1024 * 1024;
const CHUNK = 256 * 1024;

/** The first rows of a data file. */
export interface FirstRows {
  rows: Cell[][];
  /** False where only the beginning of the file was read: its checksum is of the whole. */
  checked: boolean;
  /**
   * Why these are not all rows of the file: as many as were asked for are here, or they are too large to be shown in one
   * go. Null when they are all.
   */
  stopped: 'asked' | 'size' | null;
}

/**
 * Reads at most `wanted` rows from the beginning of a data file, each of so many columns. Stops reading where it has them,
 * and holds no more than a few megabytes beyond `CHECKED_BYTES`, whatever is in the file. Throws HoldfastError: `corrupt-backup`
 * naming the file and what is wrong with it, or the store's own.
 */
export async function firstRows(
  store: Store,
  entry: StoredRows,
  location: Location,
  { columns, wanted }: { columns: number; wanted: number },
): Promise<FirstRows> {
  const checked = entry.bytes <= CHECKED_BYTES;
  const cells = new CopyCells(columns, wanted);
  try {
    const source = checked
      ? Readable.from(await readChecked(store, entry, location))
      : await beginning(store, entry, location);
    const end = await readCells(source, cells, checked);
    if (cells.problem !== null) throw corrupt(entry, location, cells.problem);
    const found = cells.rows.length;
    if (end === 'ended' && checked) {
      if (cells.insideRow) throw corrupt(entry, location, 'it ends inside a row');
      if (found !== entry.rows)
        throw corrupt(entry, location, `it has ${found} rows instead of ${entry.rows}`);
    }
    const all = found >= entry.rows;
    return { rows: cells.rows, checked, stopped: all ? null : found >= wanted ? 'asked' : 'size' };
  } catch (error) {
    throw readFailure(error, entry, location);
  }
}

/** All of its stored bytes; no more than its entry says are ever held. */
async function readChecked(store: Store, entry: StoredRows, location: Location): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  await pipelineDone(await store.get(entry.name), checkedBytes(entry, location), async (stored) => {
    for await (const chunk of stored as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > entry.bytes) throw corrupt(entry, location, `it is longer than ${entry.bytes} bytes`);
      chunks.push(chunk);
    }
  });
  return chunks;
}

async function beginning(store: Store, entry: StoredRows, location: Location): Promise<Readable> {
  const { bytes } = await store.stat(entry.name);
  if (bytes !== entry.bytes) throw wrongLength(bytes, entry, location);
  return store.get(entry.name, { start: 0, end: CHECKED_BYTES - 1 });
}

/** Fills the cells, as far as there is text for them and they don't ask for too much of it. */
async function readCells(source: Readable, cells: CopyCells, whole: boolean): Promise<'ended' | 'stopped'> {
  const zstd = createZstdDecompress({
    chunkSize: CHUNK,
    // Without the rest of its frame, what is there of it is still text.
    finishFlush: whole ? constants.ZSTD_e_end : constants.ZSTD_e_flush,
  });
  pipeline(source, zstd, () => {});
  let bytes = 0;
  for await (const chunk of zstd as AsyncIterable<Buffer>) {
    cells.push(chunk);
    bytes += chunk.length;
    // Leaving the loop destroys the decompressor, and that the source.
    if (cells.full || bytes >= TEXT_BYTES) return 'stopped';
  }
  return 'ended';
}
