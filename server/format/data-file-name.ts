import { createHash } from 'node:crypto';
import { nameKey, type ObjectName } from '../cluster/names.ts';
import type { DataFile } from './manifest-schema.ts';

/** Below the 255 bytes that file systems allow for one part, with room for a suffix. */
const MAX_PART = 200;
/** How much of an overlong part stays readable in front of its hash. */
const READABLE = 120;

/**
 * `data/<db>.<schema>.<table>/<task>.copy.zst`, or `<task>.deleted.copy.zst` for deleted keys.
 *
 * In each of the four names every UTF-8 byte outside `A-Za-z0-9_-` is written as `%XX` (upper-case hex), so dots and
 * slashes in names can't be taken for ours, and different names give different files. A part that would be longer
 * than 200 bytes is its first 120 bytes (less a cut-off `%XX`), `~`, and the SHA-256 in hex of the JSON array of
 * its names; no encoded name has a `~`. The table that a file belongs to is in the manifest: nobody has to decode this.
 */
export function dataFileName(table: ObjectName, task: string, kind: DataFile['kind'] = 'rows'): string {
  const directory = [table.database, table.schema, table.name].map(encode).join('.');
  const suffix = kind === 'rows' ? '.copy.zst' : '.deleted.copy.zst';
  return `data/${bounded(directory, nameKey(table))}/${bounded(encode(task), JSON.stringify([task]))}${suffix}`;
}

function encode(name: string): string {
  return Array.from(Buffer.from(name), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function bounded(encoded: string, identity: string): string {
  if (encoded.length <= MAX_PART) return encoded;
  const readable = encoded.slice(0, READABLE).replace(/%[0-9A-F]?$/, '');
  return `${readable}~${createHash('sha256').update(identity).digest('hex')}`;
}
