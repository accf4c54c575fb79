import type { Readable } from 'node:stream';

/** Why a store could not do it. `transient` may be retried by the wrapper; nothing else is. */
export type StoreErrorCode =
  'not-found' | 'exists' | 'denied' | 'invalid-name' | 'no-space' | 'transient' | 'failed';

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** The file it was about, relative to the location; null where it was the location itself. */
  readonly file: string | null;
  constructor(code: StoreErrorCode, message: string, file: string | null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
    this.code = code;
    this.file = file;
  }
}

export interface FileInfo {
  /** Relative to the location, `/` between parts. */
  name: string;
  bytes: number;
}

export interface PutOptions {
  signal?: AbortSignal;
}

/**
 * Files below one backup URL. Names are relative, `/`-separated, never empty, absolute or with `.` and `..` parts.
 * Every method throws StoreError and nothing else.
 */
export interface Store {
  /**
   * Writes a new file, all or nothing: no reader ever sees half of it, and a body that fails or a signal that
   * aborts leaves nothing. Never overwrites: a name that is taken is `exists`, also for two writers at once.
   */
  put(name: string, body: Readable, options?: PutOptions): Promise<{ bytes: number }>;
  /** Reads a file, or the bytes `start` to `end` (inclusive) of it. `not-found` is thrown before the stream is handed out. */
  get(name: string, range?: { start: number; end: number }): Promise<Readable>;
  stat(name: string): Promise<FileInfo>;
  /** Removes a file, or what a writer that died left of it. One that isn't there is fine: removal may be repeated. */
  remove(name: string): Promise<void>;
  /** Every file whose name starts with the prefix (`''` for all), in no particular order. A location that isn't there is empty. */
  list(prefix: string): AsyncIterable<FileInfo>;
  /** Releases connections. */
  close(): Promise<void>;
}
