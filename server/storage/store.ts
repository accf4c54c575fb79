import type { Readable } from 'node:stream';

/** Why a store could not do it. `transient` may be retried by the wrapper; nothing else is. */
export type StoreErrorCode =
  | 'not-found'
  /** There is no bucket, container or server root of the location's name. */
  | 'no-container'
  | 'exists'
  | 'denied'
  | 'invalid-name'
  | 'no-space'
  /** What the location stands on has no way to list files. */
  | 'no-listing'
  | 'transient'
  | 'failed';

export interface StoreErrorDetails {
  cause?: unknown;
  /** What to do about it, one sentence, where that is more than the code says. */
  hint?: string;
  /** The service asked to be left alone for so long. */
  retryAfterMs?: number;
}

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** The file it was about, relative to the location; null where it was the location itself. */
  readonly file: string | null;
  readonly hint: string | null;
  readonly retryAfterMs: number | null;
  constructor(code: StoreErrorCode, message: string, file: string | null, details: StoreErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StoreError';
    this.code = code;
    this.file = file;
    this.hint = details.hint ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

export interface FileInfo {
  /** Relative to the location, `/` between parts. */
  name: string;
  bytes: number;
}

export interface PutOptions {
  signal?: AbortSignal;
  /**
   * About how long the body will be. Services that take a large file in parts limit how many there may be; without this,
   * a file that comes out larger than some 80 GiB may not fit.
   */
  expectedBytes?: number;
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
  put(name: string, body: Readable | Uint8Array, options?: PutOptions): Promise<{ bytes: number }>;
  /** Reads a file, or the bytes `start` to `end` (inclusive) of it. `not-found` is thrown before the stream is handed out. */
  get(name: string, range?: { start: number; end: number }): Promise<Readable>;
  stat(name: string): Promise<FileInfo>;
  /** Removes a file, or what a writer that died left of it. One that isn't there is fine: removal may be repeated. */
  remove(name: string): Promise<void>;
  /**
   * Every file whose name starts with the prefix (`''` for all), in no particular order. A location that isn't there is empty.
   * Throws `no-listing` where files can be had by name only, as on a plain HTTP server.
   */
  list(prefix: string): AsyncIterable<FileInfo>;
  /** Releases connections. */
  close(): Promise<void>;
}
