import { createHash, randomUUID } from 'node:crypto';
import { checkName } from '../names.ts';
import { StoreError } from '../store.ts';

/** What a file is called while it is being written. Never listed, never readable under that name. */
const TEMPORARY = '.holdfast-tmp-';

/** Where a file is on the server. */
export interface Place {
  /** What stands in a request: absolute, percent-encoded. */
  path: string;
  /** The directory that it is in, in parts, the location's included. */
  directory: readonly string[];
}

/** From names below a location to paths on its server. */
export class Paths {
  readonly #location: readonly string[];

  constructor(location: string) {
    this.#location = location === '' ? [] : checkName(location);
  }

  /** Throws StoreError `invalid-name`. */
  file(name: string): Place {
    const parts = [...this.#location, ...checkName(name)];
    const base = parts.at(-1) ?? '';
    if (isTemporary(base))
      throw new StoreError('invalid-name', `${name}: names that start with ${TEMPORARY} are reserved`, name);
    return { path: filePath(parts), directory: parts.slice(0, -1) };
  }

  /** A directory below the location, in parts. */
  directory(below: readonly string[]): string[] {
    return [...this.#location, ...below];
  }

  /** A new temporary name beside the file. It can be told whose it is. */
  temporary(name: string): Place {
    const { directory } = this.file(name);
    return { path: filePath([...directory, `${temporaryPrefix(name)}${randomUUID()}`]), directory };
  }

  /** The directory that who gives this file its name makes first. */
  claim(name: string): string {
    return directoryPath([...this.file(name).directory, `${temporaryPrefix(name)}claim`]);
  }

  /** A name right below the location that nothing has. */
  unused(): string {
    return filePath([...this.#location, `${TEMPORARY}${randomUUID()}`]);
  }
}

/** How temporary files for this file are called. */
export function temporaryPrefix(name: string): string {
  return `${TEMPORARY}${createHash('sha256').update(name).digest('hex').slice(0, 16)}-`;
}

export function isTemporary(base: string): boolean {
  return base.startsWith(TEMPORARY);
}

export function filePath(parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** With the slash at its end, without which nginx makes no directory and Apache lists none. */
export function directoryPath(parts: readonly string[]): string {
  return parts.length === 0 ? '/' : `${filePath(parts)}/`;
}
