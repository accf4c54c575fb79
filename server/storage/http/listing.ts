import { checkName, partProblem } from '../names.ts';
import { said } from '../said.ts';
import { StoreError, type FileInfo } from '../store.ts';
import { type Answer, headerOf, isMissing, isUnknownMethod } from './answers.ts';
import { type Exchange, explain } from './exchange.ts';
import { type Member, MultistatusError, readMultistatus } from './multistatus.ts';
import { directoryPath, filePath, isTemporary, type Paths } from './paths.ts';

const MULTISTATUS = 207;
/** The two properties that are needed of each file (RFC 4918, 9.1). */
const PROPERTIES =
  '<?xml version="1.0" encoding="utf-8"?>\n' +
  '<propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/></prop></propfind>';

export type Resource = { kind: 'directory' } | { kind: 'file'; bytes: number | null };

/**
 * What a WebDAV server tells of its files by PROPFIND, a directory at a time, which other servers don't have: that is remembered.
 * Every method throws StoreError.
 */
export class Listing {
  readonly #exchange: Exchange;
  readonly #paths: Paths;
  /** Null until something was seen that tells. */
  #offered: boolean | null = null;

  constructor(exchange: Exchange, paths: Paths) {
    this.#exchange = exchange;
    this.#paths = paths;
  }

  /** What is there; null: nothing, or the server doesn't tell. */
  async resource(path: string, about: string | null, signal?: AbortSignal): Promise<Resource | null> {
    if (this.#offered === false) return null;
    const answer = await this.#propfind(path, 0, about, signal);
    if (answer.status === MULTISTATUS) {
      for await (const member of this.#members(answer)) {
        if (member.status !== 200) break;
        return member.directory ? { kind: 'directory' } : { kind: 'file', bytes: member.bytes };
      }
      return null;
    }
    await this.#done(answer);
    return null;
  }

  /** The names of temporary files in a directory that start so; none where the server doesn't list. */
  async temporaries(parent: readonly string[], prefix: string, about: string): Promise<string[]> {
    if (this.#offered === false) return [];
    const answer = await this.#propfind(directoryPath(parent), 1, about);
    const found: string[] = [];
    if (answer.status === MULTISTATUS) {
      for await (const { parts, directory } of this.#members(answer)) {
        const base = parts.at(-1) ?? '';
        if (base.startsWith(prefix) && !directory) found.push(base);
      }
    } else await this.#done(answer);
    return found;
  }

  /** As of Store. */
  async *list(prefix: string): AsyncGenerator<FileInfo> {
    // `data/a` lists `data/a/x` and `data/ab`: the directory to start from is the part before the last slash.
    const slash = prefix.lastIndexOf('/');
    const below = slash < 0 ? [] : checkName(prefix.slice(0, slash));
    const answer = await this.#open(this.#paths.directory(below));
    if (answer === null) {
      if (!(await this.#isOffered())) throw noListing();
    } else yield* this.#walk(answer, below, prefix);
  }

  async *#walk(answer: Answer, below: readonly string[], prefix: string): AsyncGenerator<FileInfo> {
    const directories: string[][] = [];
    for await (const member of this.#children(answer, below)) {
      const base = member.parts.at(-1) ?? '';
      const name = [...below, base].join('/');
      if (isTemporary(base)) continue;
      if (member.directory) {
        if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`))
          directories.push([...below, base]);
      } else if (name.startsWith(prefix)) {
        const bytes = member.bytes ?? (await this.#lengthOf(name));
        if (bytes !== null) yield { name, bytes };
      }
    }
    for (const directory of directories) {
      const inside = await this.#open(this.#paths.directory(directory));
      // Removed while we were listing: then there is nothing in it.
      if (inside !== null) yield* this.#walk(inside, directory, prefix);
    }
  }

  /** What is right in a directory, and can have a name of ours. */
  async *#children(answer: Answer, below: readonly string[]): AsyncGenerator<Member> {
    const parent = this.#paths.directory(below);
    for await (const member of this.#members(answer)) {
      const { parts } = member;
      const inside = parent.every((part, index) => parts[index] === part);
      if (!inside) throw elsewhere(directoryPath(parent), directoryPath(parts));
      const base = parts[parent.length];
      if (parts.length !== parent.length + 1 || base === undefined || partProblem(base) !== null) continue;
      if (isMissing({ ...answer, status: member.status })) continue;
      if (member.status !== 200) throw this.#exchange.refusal({ ...answer, status: member.status });
      yield member;
    }
  }

  /** A directory's listing; null where there is none of it. */
  async #open(directory: readonly string[]): Promise<Answer | null> {
    const path = directoryPath(directory);
    const answer = await this.#propfind(path, 1, null);
    if (answer.status === MULTISTATUS) return answer;
    await this.#exchange.drop(answer);
    if (isMissing(answer)) return null;
    if (isUnknownMethod(answer)) throw noListing();
    // nginx refuses it so for directories, and as a method that it doesn't have for all else.
    if (answer.status === 403 && (await this.#isUnknown(directory))) throw noListing();
    throw this.#exchange.refusal(answer);
  }

  /**
   * Whether the server can list at all: a directory that isn't there is 404 on servers that can't, too. Those that speak WebDAV say so
   * (RFC 4918, 10.1); of others, directories above it are asked for until one is there.
   */
  async #isOffered(): Promise<boolean> {
    if (this.#offered !== null) return this.#offered;
    const location = this.#paths.directory([]);
    const options = await this.#exchange.tell({
      method: 'OPTIONS',
      path: directoryPath(location),
      about: null,
    });
    if (headerOf(options, 'dav') !== null) return (this.#offered = true);
    if (await this.#isUnknown(location)) return false;
    for (let depth = location.length - 1; depth >= 0; depth--) {
      const answer = await this.#propfind(directoryPath(location.slice(0, depth)), 0, null);
      await this.#exchange.drop(answer);
      if (this.#offered !== null) return this.#offered;
    }
    return false;
  }

  /** Whether PROPFIND is no method for what isn't a directory, as far as the name tells. */
  async #isUnknown(directory: readonly string[]): Promise<boolean> {
    if (directory.length === 0) return false;
    const answer = await this.#propfind(filePath(directory), 0, null);
    await this.#exchange.drop(answer);
    return isUnknownMethod(answer);
  }

  async #propfind(path: string, depth: 0 | 1, about: string | null, signal?: AbortSignal): Promise<Answer> {
    const answer = await this.#exchange.ask({
      method: 'PROPFIND',
      path,
      about,
      headers: { depth: String(depth), 'content-type': 'application/xml; charset=utf-8' },
      body: PROPERTIES,
      signal,
    });
    if (answer.status === MULTISTATUS) this.#offered = true;
    else if (isUnknownMethod(answer)) this.#offered = false;
    return answer;
  }

  async *#members(answer: Answer): AsyncGenerator<Member> {
    const { about } = answer.asked;
    try {
      yield* readMultistatus(answer.body as AsyncIterable<Uint8Array>);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (error instanceof MultistatusError)
        throw said(
          error.cutOff ? 'transient' : 'failed',
          `what the server lists can't be understood: ${error.message}`,
          about,
        );
      throw explain(error, about);
    } finally {
      answer.body.on('error', () => {}).destroy();
    }
  }

  /** For an answer that has no listing: what would be another one if it were repeated is thrown. */
  async #done(answer: Answer): Promise<void> {
    await this.#exchange.drop(answer);
    const refusal = this.#exchange.refusal(answer);
    if (refusal.code === 'transient' || answer.status === 401) throw refusal;
  }

  /** Of a file that the server lists without its length; null: it is gone. */
  async #lengthOf(name: string): Promise<number | null> {
    const answer = await this.#exchange.tell({
      method: 'HEAD',
      path: this.#paths.file(name).path,
      about: name,
    });
    if (isMissing(answer)) return null;
    const bytes = answer.status === 200 ? Number(answer.headers['content-length']) : NaN;
    if (!Number.isSafeInteger(bytes)) throw said('failed', 'the server does not tell its length', name);
    return bytes;
  }
}

function noListing(): StoreError {
  return said('no-listing', 'the server has no way to list files (PROPFIND, of WebDAV)', null);
}

function elsewhere(asked: string, listed: string): StoreError {
  return said('failed', `the server lists ${listed} as a part of ${asked}`, null, {
    hint: 'A proxy before it seems to change paths: use a URL that has the paths of the server itself.',
  });
}
