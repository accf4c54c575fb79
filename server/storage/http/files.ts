import type { Readable } from 'node:stream';
import { checkRange, notFound, said } from '../said.ts';
import type { StoreError } from '../store.ts';
import {
  type Answer,
  contentLength,
  headerOf,
  isMissing,
  isUnknownMethod,
  leadsToDirectory,
} from './answers.ts';
import type { Exchange } from './exchange.ts';
import { fileBody } from './file-body.ts';
import type { Listing, Resource } from './listing.ts';

/** What is at a path, as far as the server tells. */
export type Seen = Resource | { kind: 'missing' };

export interface Range {
  start: number;
  /** Inclusive. */
  end: number;
}

/** Looks at files and reads them, and tells them from directories, which servers show in many ways. Throws StoreError. */
export class Files {
  readonly #exchange: Exchange;
  readonly #listing: Listing;

  constructor(exchange: Exchange, listing: Listing) {
    this.#exchange = exchange;
    this.#listing = listing;
  }

  /** What is there. `surely`: by what WebDAV says, too, where the server has it. */
  async look(
    path: string,
    name: string,
    { signal, surely = false }: { signal?: AbortSignal; surely?: boolean } = {},
  ): Promise<Seen> {
    const answer = await this.#exchange.tell({
      method: 'HEAD',
      path,
      about: name,
      headers: { 'accept-encoding': 'identity' },
      signal,
    });
    if (isMissing(answer)) return { kind: 'missing' };
    if (leadsToDirectory(answer, this.#exchange.origin)) return { kind: 'directory' };
    if (answer.status === 200) {
      const bytes = contentLength(answer);
      const resource =
        surely || mayBeDirectory(answer) ? await this.#listing.resource(path, name, signal) : null;
      if (resource?.kind === 'directory') return resource;
      return { kind: 'file', bytes: bytes ?? resource?.bytes ?? null };
    }
    return (await this.#unwilling(answer)) ?? fail(this.#exchange.refusal(answer));
  }

  /** A file's length, by whatever the server tells it. `not-found` where there is none. */
  async sizeOf(path: string, name: string, signal?: AbortSignal): Promise<number> {
    const seen = await this.look(path, name, { signal });
    if (seen.kind !== 'file') throw notFound(name);
    return seen.bytes ?? (await this.#sizeByRead(path, name, signal));
  }

  /** As `get` of Store. */
  async read(path: string, name: string, range?: Range, signal?: AbortSignal): Promise<Readable> {
    if (range !== undefined) checkRange(name, range);
    const answer = await this.#get(path, name, range, signal);
    try {
      return await this.#bodyOf(answer, name, range);
    } catch (error) {
      answer.body.on('error', () => {}).destroy();
      throw error;
    }
  }

  #get(
    path: string,
    name: string,
    range: Range | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const ranged = range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` };
    return this.#exchange.ask({
      method: 'GET',
      path,
      about: name,
      headers: { 'accept-encoding': 'identity', ...ranged },
      signal,
    });
  }

  async #bodyOf(answer: Answer, name: string, range: Range | undefined): Promise<Readable> {
    const { status, body } = answer;
    if (isMissing(answer) || leadsToDirectory(answer, this.#exchange.origin)) throw notFound(name);
    if (status === 416 && range !== undefined) throw outside(name, range, null);
    if (status === 206 && range !== undefined) {
      const sent = contentRange(answer);
      if (sent === null || sent.start !== range.start) throw outside(name, range, sent?.total ?? null);
      const end = sent.total === null ? sent.end : Math.min(range.end, sent.total - 1);
      return fileBody(body, name, { skip: 0, length: end - range.start + 1, surely: true });
    }
    if (status === 200) {
      if (mayBeDirectory(answer) && (await this.#isDirectory(answer))) throw notFound(name);
      const total = contentLength(answer);
      if (range === undefined)
        return fileBody(body, name, { skip: 0, length: total, surely: total !== null });
      // The server knows no ranges: what comes before is thrown away.
      if (total !== null && range.start >= total) throw outside(name, range, total);
      const end = total === null ? range.end : Math.min(range.end, total - 1);
      return fileBody(body, name, {
        skip: range.start,
        length: end - range.start + 1,
        surely: total !== null,
      });
    }
    if ((await this.#unwilling(answer))?.kind === 'directory') throw notFound(name);
    throw this.#exchange.refusal(answer);
  }

  /** Some servers answer so for directories, and some that don't know HEAD for everything. */
  async #unwilling(answer: Answer): Promise<Resource | null> {
    if (answer.status !== 403 && !isUnknownMethod(answer)) return null;
    const { path, about, signal } = answer.asked;
    return this.#listing.resource(path, about, signal);
  }

  async #isDirectory({ asked: { path, about, signal } }: Answer): Promise<boolean> {
    return (await this.#listing.resource(path, about, signal))?.kind === 'directory';
  }

  /** Some servers tell no length to HEAD. */
  async #sizeByRead(path: string, name: string, signal: AbortSignal | undefined): Promise<number> {
    const answer = await this.#get(path, name, { start: 0, end: 0 }, signal);
    answer.body.on('error', () => {}).destroy();
    if (isMissing(answer)) throw notFound(name);
    const total =
      answer.status === 200 ? contentLength(answer) : (contentRange(answer)?.total ?? emptyTotal(answer));
    if (total === null) throw said('failed', 'the server does not tell its length', name);
    return total;
  }
}

function outside(name: string, { start, end }: Range, bytes: number | null): StoreError {
  const of = bytes === null ? 'it' : `its ${bytes} bytes`;
  return said('failed', `bytes ${start} to ${end} are outside ${of}`, name);
}

/** It may be what a server made of a directory: a page that lists it, or nothing. */
function mayBeDirectory(answer: Answer): boolean {
  const bytes = contentLength(answer);
  if (bytes === null || bytes === 0) return true;
  return /^(text\/html|application\/xhtml|httpd\/unix-directory)/i.test(
    headerOf(answer, 'content-type') ?? '',
  );
}

/** RFC 9110, 14.4. `total` is null for `*`. */
function contentRange(answer: Answer): (Range & { total: number | null }) | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(headerOf(answer, 'content-range') ?? '');
  if (match === null) return null;
  const [, start, end, total] = match;
  return { start: Number(start), end: Number(end), total: total === '*' ? null : Number(total) };
}

/** Of nothing there is no first byte, and 416 says so. */
function emptyTotal(answer: Answer): number | null {
  const empty = answer.status === 416 && headerOf(answer, 'content-range') === 'bytes */0';
  return empty ? 0 : null;
}

function fail(error: StoreError): never {
  throw error;
}
