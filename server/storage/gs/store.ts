import type { Readable } from 'node:stream';
import { AnsweredBody } from '../answered-body.ts';
import type { GsLocation } from '../locations/gs.ts';
import { checkName } from '../names.ts';
import { checkRange, said } from '../said.ts';
import { inPages } from '../paging.ts';
import { putBody } from '../putting.ts';
import type { FileInfo, PutOptions, Store } from '../store.ts';
import type { Tuning } from '../tuning.ts';
import { GsClient } from './client.ts';
import { thrownError } from './errors.ts';
import { GsObjects } from './objects.ts';
import { upload } from './upload.ts';

/** https://cloud.google.com/storage/docs/objects#naming: in UTF-8 */
const MOST_NAME_BYTES = 1024;

/** Objects in a bucket of Google Cloud Storage, below the location's path. */
export function gsStore(location: GsLocation, tuning: Tuning): Store {
  return new GsStore(location, tuning);
}

class GsStore implements Store {
  readonly #client: GsClient;
  readonly #objects: GsObjects;
  /** Empty, or with the slash at its end. */
  readonly #root: string;
  readonly #tuning: Tuning;

  constructor(location: GsLocation, tuning: Tuning) {
    this.#client = new GsClient(location, tuning);
    this.#objects = new GsObjects(this.#client, location.bucket);
    this.#root = location.path === '' ? '' : `${location.path}/`;
    this.#tuning = tuning;
  }

  async put(name: string, body: Readable | Uint8Array, options: PutOptions = {}): Promise<{ bytes: number }> {
    return putBody(
      name,
      body,
      options,
      (sending) => upload(this.#objects, this.#nameOf(name), name, sending, this.#tuning),
      (error) => thrownError(error, name),
    );
  }

  async get(name: string, range?: { start: number; end: number }): Promise<Readable> {
    const object = this.#nameOf(name);
    if (range !== undefined) checkRange(name, range);
    const asked = range === undefined ? null : `bytes=${range.start}-${range.end}`;
    const { body } = await this.#objects.media(object, asked, name);
    return new AnsweredBody(body, (error) => thrownError(error, name));
  }

  async stat(name: string): Promise<FileInfo> {
    const { size } = await this.#objects.stat(this.#nameOf(name), name);
    return { name, bytes: size };
  }

  /** A session that a killed writer left can't be found by name: it is invisible and expires within a week. */
  async remove(name: string): Promise<void> {
    await this.#objects.remove(this.#nameOf(name), name);
  }

  async *list(prefix: string): AsyncIterable<FileInfo> {
    const pages = inPages(
      (token) => this.#objects.page(this.#root + prefix, token),
      ({ nextPageToken }) => nextPageToken,
      this.#tuning.retry,
    );
    for await (const { items } of pages)
      for (const { name, size } of items) {
        // Consoles make empty objects of such names to show a folder.
        if (!name.endsWith('/')) yield { name: name.slice(this.#root.length), bytes: size };
      }
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  #nameOf(name: string): string {
    checkName(name);
    const object = this.#root + name;
    if (Buffer.byteLength(object) > MOST_NAME_BYTES)
      throw said('invalid-name', `with its path it is longer than ${MOST_NAME_BYTES} bytes`, name);
    if (object.startsWith('.well-known/acme-challenge/'))
      throw said('invalid-name', 'no object may be below .well-known/acme-challenge/', name);
    return object;
  }
}
