import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { messageOf } from '../../errors.ts';
import type { DataFile } from '../../format/manifest.ts';
import { StoredBytes } from '../../format/stored-bytes.ts';
import type { VerifyDepth } from '../../statement/ast.ts';
import { StoreError, type Store } from '../../storage/store.ts';
import type { FileMatter } from './finding.ts';
import { RowCheck, type RowColumn } from './rows.ts';

/** What the manifest says of a file that is verified. */
export type FileEntry = Pick<DataFile, 'name' | 'rows' | 'bytes' | 'rawBytes' | 'sha256'>;

export interface LookOptions {
  signal: AbortSignal;
  /** Hears of what has been looked at: bytes as stored, or, where rows are parsed, of COPY text. */
  onProgress: (bytes: number, rows: number) => void;
}

const CHUNK = 256 * 1024;

/**
 * Looks at one data file; answers what is wrong with it. Bytes that are not those that were written are believed when they are
 * seen twice: damage may have been done on the way here. Throws StoreError for a store that can't be asked, and the signal's
 * reason.
 */
export async function lookAtFile(
  store: Store,
  file: FileEntry,
  columns: readonly RowColumn[],
  depth: VerifyDepth,
  options: LookOptions,
): Promise<FileMatter[]> {
  try {
    switch (depth) {
      case 'files':
        return await lookAtSize(store, file);
      case 'checksums':
        return await lookAtBytes(store, file, options);
      case 'rows':
        return await lookAtRows(store, file, columns, options);
    }
  } catch (error) {
    if (options.signal.aborted || !(error instanceof StoreError)) throw error;
    if (error.code === 'not-found') return [{ kind: 'missing' }];
    // What won't pass by itself, of one file while others can be read: a bad sector, a link in its place.
    if (error.code === 'failed') return [{ kind: 'unreadable', reason: error.message }];
    throw error;
  }
}

async function lookAtSize(store: Store, file: FileEntry): Promise<FileMatter[]> {
  const { bytes } = await store.stat(file.name);
  return bytes === file.bytes ? [] : [{ kind: 'size', expected: file.bytes, found: bytes, sha256: null }];
}

async function lookAtBytes(store: Store, file: FileEntry, options: LookOptions): Promise<FileMatter[]> {
  if (isAsWritten(await readWhole(store, file, options), file)) return [];
  const again = await readWhole(store, file, options);
  return isAsWritten(again, file) ? [] : [otherBytes(again, file)];
}

async function lookAtRows(
  store: Store,
  file: FileEntry,
  columns: readonly RowColumn[],
  options: LookOptions,
): Promise<FileMatter[]> {
  const first = await parse(store, file, columns, options);
  if (isAsWritten(first.stored, file) && first.broken === null) return rowMatters(first.rows, file);
  const whole = await readWhole(store, file, { ...options, onProgress: () => undefined });
  if (!isAsWritten(whole, file)) return [otherBytes(whole, file)];
  const { broken, rows } = await parse(store, file, columns, options);
  return broken === null ? rowMatters(rows, file) : [{ kind: 'unreadable', reason: broken }];
}

function isAsWritten(found: { bytes: number; sha256: string }, file: FileEntry): boolean {
  return found.bytes === file.bytes && found.sha256 === file.sha256;
}

function otherBytes({ bytes, sha256 }: { bytes: number; sha256: string }, file: FileEntry): FileMatter {
  return bytes === file.bytes
    ? { kind: 'checksum', expected: file.sha256, found: sha256 }
    : { kind: 'size', expected: file.bytes, found: bytes, sha256 };
}

function rowMatters(check: RowCheck, file: FileEntry): FileMatter[] {
  const matters: FileMatter[] = check.bad.map((row) => ({ kind: 'row', ...row }));
  if (check.rows !== file.rows)
    matters.push({ kind: 'count', of: 'rows', expected: file.rows, found: check.rows });
  if (check.bytes !== file.rawBytes)
    matters.push({ kind: 'count', of: 'bytes', expected: file.rawBytes, found: check.bytes });
  return matters;
}

async function readWhole(store: Store, file: FileEntry, { signal, onProgress }: LookOptions) {
  const stored = new StoredBytes();
  const nowhere = new Writable({
    write(_chunk, _encoding, done) {
      onProgress(stored.bytes, 0);
      done();
    },
  });
  await pipeline(await store.get(file.name), stored, nowhere, { signal });
  return stored;
}

/** Reads the file's rows. `broken` says why it can't be decompressed; then, `stored` has not seen all of it. */
async function parse(
  store: Store,
  file: FileEntry,
  columns: readonly RowColumn[],
  { signal, onProgress }: LookOptions,
): Promise<{ stored: StoredBytes; rows: RowCheck; broken: string | null }> {
  const stored = new StoredBytes();
  const rows = new RowCheck(columns, onProgress);
  const source = await store.get(file.name);
  try {
    await pipeline(source, stored, createZstdDecompress({ chunkSize: CHUNK }), rows, { signal });
    return { stored, rows, broken: null };
  } catch (error) {
    if (signal.aborted || error instanceof StoreError) throw error;
    return { stored, rows, broken: `it can’t be decompressed (${messageOf(error)})` };
  }
}
