import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Keys are spread over so many parts; one part at a time is in memory when they are read. */
export const PARTS = 256;
/** Characters of keys that are held in memory before they go to files. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/**
 * A set of keys of any size: few keys stay in memory, many go to temporary files, by a hash of the key. A key that was
 * added twice comes out once. Keys are texts without newlines. Two spools spread the same keys over the same parts.
 */
export class KeySpool {
  readonly #most: number;
  #held: string[][] = emptyParts();
  #characters = 0;
  #directory: string | null = null;

  /** `most`: characters that are held in memory. */
  constructor(most: number = MOST_CHARACTERS) {
    this.#most = most;
  }

  /** `by`: what of the key says where it goes, where keys that differ in the rest are to be found side by side. */
  async add(key: string, by: string = key): Promise<void> {
    this.put(key, by);
    if (this.#characters > this.#most) await this.spill();
  }

  /** Adds without looking at how much there is: whoever does so calls `spill` in time. */
  put(key: string, by: string): void {
    this.#held[partOf(by)]?.push(key);
    this.#characters += key.length + 1;
  }

  /** The keys of one part, 0 to PARTS - 1, each once, in the order in which they were first added. */
  async part(index: number): Promise<Set<string>> {
    return new Set(await this.entries(index));
  }

  /** All that was added to one part, in order, however often it was. */
  async entries(index: number): Promise<string[]> {
    const entries: string[] = [];
    const spilled = this.#directory === null ? '' : await readIfThere(this.#fileOf(this.#directory, index));
    // Not readline: it takes more characters for ends of lines than the newline.
    for (let start = 0; start < spilled.length;) {
      const end = spilled.indexOf('\n', start);
      entries.push(spilled.slice(start, end));
      start = end + 1;
    }
    // Not spread into the call: there may be more than arguments.
    return entries.concat(this.#held[index] ?? []);
  }

  /** Removes its files; may be called twice. */
  async dispose(): Promise<void> {
    this.#held = emptyParts();
    const directory = this.#directory;
    this.#directory = null;
    if (directory !== null) await rm(directory, { recursive: true, force: true });
  }

  /** Moves what is in memory to its files. */
  async spill(): Promise<void> {
    if (this.#characters === 0) return;
    this.#directory ??= await mkdtemp(path.join(tmpdir(), 'holdfast-keys-'));
    for (const [index, keys] of this.#held.entries()) {
      if (keys.length === 0) continue;
      await appendFile(this.#fileOf(this.#directory, index), `${keys.join('\n')}\n`, { mode: 0o600 });
    }
    this.#held = emptyParts();
    this.#characters = 0;
  }

  #fileOf(directory: string, index: number): string {
    return path.join(directory, String(index));
  }
}

/** A part of which no key was ever spilled has no file. */
async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function emptyParts(): string[][] {
  return Array.from({ length: PARTS }, () => []);
}

/** FNV-1a, folded to a byte. */
function partOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash ^= hash >>> 16;
  return (hash ^ (hash >>> 8)) & (PARTS - 1);
}
