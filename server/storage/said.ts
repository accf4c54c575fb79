import { StoreError, type StoreErrorCode, type StoreErrorDetails } from './store.ts';

// What all stores say in the same words.

/** A StoreError whose message begins with the file, where it is about one. */
export function said(
  code: StoreErrorCode,
  words: string,
  file: string | null,
  details: StoreErrorDetails = {},
): StoreError {
  return new StoreError(code, file === null ? words : `${file}: ${words}`, file, details);
}

export function exists(name: string): StoreError {
  return said('exists', 'there is a file of that name already', name);
}

export function notFound(name: string): StoreError {
  return said('not-found', 'there is no such file', name);
}

/** Throws StoreError `failed` for what no file can have, however long it is. */
export function checkRange(name: string, { start, end }: { start: number; end: number }): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end >= start) return;
  throw said('failed', `bytes ${start} to ${end} are no range of bytes`, name);
}
