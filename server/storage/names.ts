import { StoreError } from './store.ts';

/** The longest part of a name that every file system and object store takes, in UTF-8 bytes. */
export const MAX_PART_BYTES = 255;

/** C0 controls and DEL: no file of ours has them, and in a log or a terminal they do harm. */
// eslint-disable-next-line no-control-regex -- they are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * What is wrong with one part of a path (the text between two slashes), for people; null when it is fine.
 * One rule for file names and for the paths of locations, so that what is written on one kind of store can be
 * copied to any other.
 */
export function partProblem(part: string): string | null {
  if (part === '') return 'it has an empty part';
  if (part === '.' || part === '..') return `it has the part "${part}"`;
  if (part.includes('/')) return 'it has a slash inside a part';
  if (part.includes('\\')) return 'it has a backslash';
  if (CONTROL.test(part)) return 'it has a control character';
  if (!part.isWellFormed()) return 'it is not valid Unicode';
  if (Buffer.byteLength(part) > MAX_PART_BYTES) return `it has a part longer than ${MAX_PART_BYTES} bytes`;
  return null;
}

/** Splits a file's name into its parts. Throws StoreError `invalid-name` for what no store may be asked for. */
export function checkName(name: string): string[] {
  const parts = name.split('/');
  for (const part of parts) {
    const problem = partProblem(part);
    if (problem !== null) {
      throw new StoreError(
        'invalid-name',
        `${JSON.stringify(name)} can't be a file's name: ${problem}`,
        name,
      );
    }
  }
  return parts;
}
