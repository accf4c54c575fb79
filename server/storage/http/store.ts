import type { Readable } from 'node:stream';
import { Claims } from './claims.ts';
import { Collections } from './collections.ts';
import { isMissing, succeeded } from './answers.ts';
import { Exchange, explain } from './exchange.ts';
import { Files } from './files.ts';
import { Listing } from './listing.ts';
import { filePath, Paths, temporaryPrefix } from './paths.ts';
import { Uploads } from './uploads.ts';
import type { HttpLocation } from '../locations/http.ts';
import { putBody } from '../putting.ts';
import type { FileInfo, PutOptions, Store } from '../store.ts';
import type { Tuning } from '../tuning.ts';

/**
 * Files on a web server: one that speaks WebDAV (Apache's mod_dav and the like), nginx with its dav module, or any that takes
 * PUT, GET, HEAD and DELETE. What each can promise is in docs/destinations/http.md.
 */
export function httpStore(location: HttpLocation, tuning: Tuning): Store {
  return new HttpStore(location, tuning);
}

class HttpStore implements Store {
  readonly #exchange: Exchange;
  readonly #paths: Paths;
  readonly #listing: Listing;
  readonly #files: Files;
  readonly #claims: Claims;
  readonly #uploads: Uploads;
  readonly #tuning: Tuning;

  constructor(location: HttpLocation, tuning: Tuning) {
    this.#tuning = tuning;
    this.#exchange = new Exchange(location, tuning);
    this.#paths = new Paths(location.path);
    this.#listing = new Listing(this.#exchange, this.#paths);
    this.#files = new Files(this.#exchange, this.#listing);
    this.#claims = new Claims(this.#exchange, this.#paths, this.#files);
    this.#uploads = new Uploads({
      exchange: this.#exchange,
      paths: this.#paths,
      collections: new Collections(this.#exchange),
      claims: this.#claims,
      files: this.#files,
      tuning,
    });
  }

  put(name: string, body: Readable | Uint8Array, options: PutOptions = {}): Promise<{ bytes: number }> {
    // Bytes are put again by whoever gave them (patient.ts).
    const attempts = body instanceof Uint8Array ? 1 : this.#tuning.retry.attempts;
    return putBody(
      name,
      body,
      options,
      (sending) => this.#uploads.write(name, sending, { ...this.#tuning.retry, attempts }),
      (error) => explain(error, name),
    );
  }

  async get(name: string, range?: { start: number; end: number }): Promise<Readable> {
    return this.#files.read(this.#paths.file(name).path, name, range);
  }

  async stat(name: string): Promise<FileInfo> {
    return { name, bytes: await this.#files.sizeOf(this.#paths.file(name).path, name) };
  }

  /** Also removes what a writer that was killed in the middle of this file left, where the server lists files. */
  async remove(name: string): Promise<void> {
    const { path, directory } = this.#paths.file(name);
    // Surely: to delete a directory is to delete all that is in it.
    const seen = await this.#files.look(path, name, { surely: true });
    if (seen.kind === 'file') await this.#delete(path, name);
    if (seen.kind !== 'missing') return;
    // Only a file that never came to be can have left one: a directory of thousands isn't read for each.
    for (const base of await this.#listing.temporaries(directory, temporaryPrefix(name), name))
      await this.#delete(filePath([...directory, base]), name);
    await this.#claims.clear(name);
  }

  list(prefix: string): AsyncIterable<FileInfo> {
    return this.#listing.list(prefix);
  }

  close(): Promise<void> {
    return this.#exchange.close();
  }

  /** Depth 0: Apache and nginx refuse to remove a directory so. */
  async #delete(path: string, name: string): Promise<void> {
    const answer = await this.#exchange.tell({
      method: 'DELETE',
      path,
      about: name,
      headers: { depth: '0' },
    });
    if (!succeeded(answer) && !isMissing(answer)) throw this.#exchange.refusal(answer);
  }
}
