import { setTimeout as sleep } from 'node:timers/promises';
import { said } from '../network-errors.ts';
import type { Sending } from '../putting.ts';
import { isTransient, retry } from '../retry.ts';
import { StoreError } from '../store.ts';
import type { Tuning } from '../tuning.ts';
import { type Answer, isMissing, isUnknownMethod, succeeded } from './answers.ts';
import type { Collections } from './collections.ts';
import type { Exchange } from './exchange.ts';
import type { Files } from './files.ts';
import { Fingerprint, fingerprintOf, HEAD_BYTES } from './fingerprint.ts';
import type { Paths, Place } from './paths.ts';
import { noDirectory } from './refusals.ts';
import { answerMs, type Body, Outgoing, readAhead } from './sending.ts';

/**
 * How a server lets a file appear at once, whole and over none: MOVE, with a `Destination` that is a URL or, since a proxy that
 * ends TLS makes URLs wrong, a path (RFC 4918, 10.3); or not at all: then its PUT has to be so.
 */
type Way = { kind: 'move'; destination: 'url' | 'path' } | { kind: 'in-place' };

/** A server may yet be about to write what it got of a request that was broken off. */
const TAKE_BACK_WAITS_MS = [0, 100, 300];
/** Taking back is tidying up: who aborted doesn't wait longer than this for it, each time. */
const TAKE_BACK_ANSWER_MS = 5_000;

export interface Parts {
  exchange: Exchange;
  paths: Paths;
  collections: Collections;
  files: Files;
  tuning: Tuning;
}

/** Writes files. Throws StoreError, and leaves nothing behind then, as far as the server does what it is told. */
export class Uploads {
  readonly #parts: Parts;
  #way: Way | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async write(name: string, { chunks, signal }: Sending): Promise<void> {
    const { paths, files, tuning } = this.#parts;
    const place = paths.file(name);
    // Known before the first byte is read; what decides comes in the end.
    const seen = await retry(() => files.look(place.path, name, { signal }), tuning.retry, signal);
    if (seen.kind !== 'missing') throw exists(name);
    const body = await readAhead(chunks);
    this.#way ??= await retry(() => this.#learnWay(name, signal), tuning.retry, signal);
    if (this.#way.kind === 'move' && (await this.#writeAside(name, place, body, this.#way, signal))) return;
    await this.#writeInPlace(name, place, body, signal);
  }

  /**
   * What a MOVE of nothing to nowhere is answered with tells of most servers: those that know it look for the file first (404). Of the
   * others a small file tells.
   */
  async #learnWay(name: string, signal: AbortSignal): Promise<Way> {
    const { exchange, paths } = this.#parts;
    for (const destination of ['url', 'path'] as const) {
      const answer = await this.#move(paths.unused(), paths.unused(), { name, destination, signal });
      const { status } = answer;
      if (isMissing(answer) || status === 409) return { kind: 'move', destination };
      if (isUnknownMethod(answer)) break;
      if (status === 401 || status === 429 || status === 503 || status === 504)
        throw exchange.refusal(answer);
      if (await this.#moves(name, destination, signal)) return { kind: 'move', destination };
    }
    return { kind: 'in-place' };
  }

  /** Whether an empty file can be moved, beside the one that is to be written. */
  async #moves(name: string, destination: 'url' | 'path', signal: AbortSignal): Promise<boolean> {
    const { paths, tuning } = this.#parts;
    const [from, to] = [paths.temporary(name), paths.temporary(name)];
    const body: Body = { kind: 'held', bytes: Buffer.alloc(0) };
    try {
      await this.#put(from, name, new Outgoing(body, name, tuning.stallMs), body, {}, signal);
      return succeeded(await this.#move(from.path, to.path, { name, destination, signal }));
    } finally {
      await this.#remove(from, name).catch(() => false);
      await this.#remove(to, name).catch(() => false);
    }
  }

  /** Under a temporary name first. Answers false where the server turns out to have no MOVE. */
  async #writeAside(
    name: string,
    place: Place,
    body: Body,
    way: Way & { kind: 'move' },
    signal: AbortSignal,
  ): Promise<boolean> {
    const temporary = this.#parts.paths.temporary(name);
    try {
      const sent = await this.#send(temporary, name, body, signal);
      signal.throwIfAborted();
      if (await this.#publish(name, temporary, place, sent, way, signal)) return true;
    } catch (error) {
      await this.#takeBack(temporary, name);
      throw error;
    }
    await this.#takeBack(temporary, name);
    this.#way = { kind: 'in-place' };
    if (body.kind === 'held') return false;
    throw said('transient', 'the server has no MOVE: it has to be sent again, to its own name', name);
  }

  /** Sends a file to a name that nobody else has, and sees that all of it arrived. */
  async #send(place: Place, name: string, body: Body, signal: AbortSignal): Promise<Fingerprint> {
    const { tuning } = this.#parts;
    const once = async (): Promise<Fingerprint> => {
      const outgoing = new Outgoing(body, name, tuning.stallMs);
      await this.#put(place, name, outgoing, body, {}, signal);
      return outgoing.sent;
    };
    if (body.kind === 'held')
      return retry(
        async () => {
          const sent = await once();
          if (!(await this.#arrived(place, name, sent, signal))) throw damaged(name);
          return sent;
        },
        tuning.retry,
        signal,
      );
    const sent = await once();
    if (!(await retry(() => this.#arrived(place, name, sent, signal), tuning.retry, signal)))
      throw damaged(name);
    return sent;
  }

  /** Gives a file that was sent its name, unless that is taken. Answers false where the server has no MOVE. */
  async #publish(
    name: string,
    temporary: Place,
    place: Place,
    sent: Fingerprint,
    { destination }: Way & { kind: 'move' },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { exchange, files, tuning } = this.#parts;
    // Its answer may have got lost although it was done: then the temporary name is gone, and what we sent has the other.
    const landed = async (): Promise<boolean> =>
      (await files.look(temporary.path, name)).kind === 'missing' && (await this.#holds(place, name, sent));
    return retry(
      async (attempt) => {
        let answer: Answer;
        try {
          // Not ended by the signal: whether it was done would not be known.
          answer = await this.#move(temporary.path, place.path, { name, destination, bytes: sent.bytes });
        } catch (error) {
          if (isTransient(error) && (await landed().catch(() => false))) return true;
          throw error;
        }
        if (succeeded(answer)) return true;
        if (attempt > 1 && (await landed())) return true;
        if (answer.status === 412) throw exists(name);
        if (isUnknownMethod(answer) || answer.status === 403) return false;
        if (isMissing(answer)) {
          if ((await files.look(temporary.path, name)).kind === 'file') return false;
          throw said('transient', 'somebody removed it while it was written', name);
        }
        throw exchange.refusal(answer);
      },
      tuning.retry,
      signal,
    );
  }

  /** To its own name, where the server has no MOVE: only if nothing has that name. */
  async #writeInPlace(name: string, place: Place, body: Body, signal: AbortSignal): Promise<void> {
    const { tuning } = this.#parts;
    let sent = new Fingerprint();
    const once = async (attempt: number): Promise<void> => {
      const outgoing = new Outgoing(body, name, tuning.stallMs);
      sent = outgoing.sent;
      try {
        await this.#put(place, name, outgoing, body, { 'if-none-match': '*' }, signal);
      } catch (error) {
        // Ours, whose answer got lost, is the same.
        const lost = isTransient(error) ? outgoing.complete : attempt > 1 && isExists(error);
        if (lost && (await this.#holds(place, name, sent).catch(() => false))) return;
        throw error;
      }
      if (!(await retry(() => this.#arrived(place, name, sent, signal), tuning.retry, signal))) {
        if (await this.#isOurs(place, name, sent)) throw damaged(name);
        throw exists(name);
      }
    };
    try {
      if (body.kind === 'stream') await once(1);
      else
        await retry(
          async (attempt) => {
            try {
              await once(attempt);
            } catch (error) {
              if (isTransient(error)) await this.#withdraw(place, name, sent);
              throw error;
            }
          },
          tuning.retry,
          signal,
        );
    } catch (error) {
      if (!isExists(error)) await this.#withdraw(place, name, sent);
      throw error;
    }
  }

  async #put(
    place: Place,
    name: string,
    outgoing: Outgoing,
    body: Body,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<void> {
    const { exchange, collections } = this.#parts;
    const known = await collections.ensure(place.directory, name);
    // With its length where that is known: not every server takes a body without.
    const length = body.kind === 'held' ? { 'content-length': String(body.bytes.length) } : null;
    try {
      const answer = await exchange.tell({
        method: 'PUT',
        path: place.path,
        about: name,
        headers: { 'content-type': 'application/octet-stream', ...length, ...headers },
        body: outgoing.stream,
        signal: AbortSignal.any([signal, outgoing.signal]),
        answerMs: 0,
      });
      if (succeeded(answer)) {
        if (outgoing.complete) return;
        throw said('failed', 'the server answered before it had all of it', name);
      }
      if (answer.status === 412) throw exists(name);
      if (answer.status === 404 || answer.status === 409) {
        collections.forget(place.directory);
        throw known ? said('transient', 'its directory was removed', name) : noDirectory(answer);
      }
      throw exchange.refusal(answer);
    } finally {
      outgoing.end();
    }
  }

  #move(
    from: string,
    to: string,
    asked: { name: string; destination: 'url' | 'path'; bytes?: number; signal?: AbortSignal },
  ): Promise<Answer> {
    const { exchange, tuning } = this.#parts;
    return exchange.tell({
      method: 'MOVE',
      path: from,
      about: asked.name,
      headers: { destination: asked.destination === 'url' ? exchange.origin + to : to, overwrite: 'F' },
      signal: asked.signal,
      answerMs: answerMs(asked.bytes ?? 0, tuning.stallMs),
    });
  }

  /**
   * Whether what is there is what was sent. TLS sees to it that each byte arrives as it was, so that its length tells; without TLS
   * nothing does (TCP's checksum lets one damaged packet of some 65,000 pass): it is read back.
   */
  async #arrived(place: Place, name: string, sent: Fingerprint, signal: AbortSignal): Promise<boolean> {
    const { exchange, files } = this.#parts;
    if (exchange.guarded) {
      const seen = await files.look(place.path, name, { signal });
      if (seen.kind !== 'file') return false;
      if (seen.bytes !== null) return seen.bytes === sent.bytes;
    }
    return this.#holds(place, name, sent, signal);
  }

  /** Whether it holds just these bytes, seen by reading it. */
  async #holds(place: Place, name: string, sent: Fingerprint, signal?: AbortSignal): Promise<boolean> {
    try {
      const stream = await this.#parts.files.read(place.path, name, undefined, signal);
      return sent.equals(await fingerprintOf(stream));
    } catch (error) {
      if (error instanceof StoreError && error.code === 'not-found') return false;
      throw error;
    }
  }

  async #takeBack(place: Place, name: string): Promise<void> {
    for (const wait of TAKE_BACK_WAITS_MS) {
      await sleep(wait);
      const removed = await this.#remove(place, name).catch(() => false);
      if (removed) return;
    }
  }

  async #remove({ path }: Place, name: string): Promise<boolean> {
    const { exchange, tuning } = this.#parts;
    const answer = await exchange.tell({
      method: 'DELETE',
      path,
      about: name,
      headers: { depth: '0' },
      answerMs: Math.min(tuning.stallMs, TAKE_BACK_ANSWER_MS),
    });
    return succeeded(answer);
  }

  /** Removes what a PUT to the file's own name left of it, unless that is somebody else's. */
  async #withdraw(place: Place, name: string, sent: Fingerprint): Promise<void> {
    for (const wait of TAKE_BACK_WAITS_MS) {
      await sleep(wait);
      const ours = await this.#isOurs(place, name, sent).catch(() => false);
      if (ours && (await this.#remove(place, name).catch(() => false))) return;
    }
  }

  /**
   * Whether what is there is what was sent, or the beginning of it, or as long (and damaged). Another writer's is neither, unless
   * it has written the same.
   */
  async #isOurs({ path }: Place, name: string, sent: Fingerprint): Promise<boolean> {
    const { files } = this.#parts;
    const seen = await files.look(path, name);
    if (seen.kind !== 'file') return false;
    const bytes = seen.bytes ?? (await files.sizeOf(path, name));
    if (bytes === sent.bytes || bytes === 0) return true;
    if (bytes > sent.bytes) return false;
    const start = await fingerprintOf(await files.read(path, name, { start: 0, end: HEAD_BYTES - 1 }));
    return sent.head.subarray(0, start.bytes).equals(start.head);
  }
}

function exists(name: string): StoreError {
  return said('exists', 'there is a file of that name already', name);
}

function isExists(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'exists';
}

/** Nothing of it stays, and it may be sent again. */
function damaged(name: string): StoreError {
  return said('transient', 'what arrived at the server is not what was sent', name);
}
