import { setTimeout as sleep } from 'node:timers/promises';
import { exists, said } from '../said.ts';
import type { Sending } from '../putting.ts';
import { isTransient, retry, type RetryPolicy } from '../retry.ts';
import { StoreError } from '../store.ts';
import type { Tuning } from '../tuning.ts';
import { type Answer, isMissing, succeeded } from './answers.ts';
import { Arrivals } from './arrivals.ts';
import type { Claims } from './claims.ts';
import type { Collections } from './collections.ts';
import type { Exchange } from './exchange.ts';
import type { Files } from './files.ts';
import type { Fingerprint } from './fingerprint.ts';
import { Moves, refusesMoves } from './moves.ts';
import type { Paths, Place } from './paths.ts';
import { noDirectory } from './refusals.ts';
import { answerMs, type Body, EMPTY, Outgoing, readAhead, whileRepeatable } from './sending.ts';

/** How a file comes to be at once, whole and over none: by MOVE; or, where there is none, its PUT has to be so. */
type Way = 'move' | 'in-place';

/** One file that is being written. */
interface Writing {
  name: string;
  place: Place;
  body: Body;
  signal: AbortSignal;
  policy: RetryPolicy;
  /** Whether something of it may be on the server: a PUT was begun that wasn't plainly refused. */
  traces: { left: boolean };
}

/** A server may yet be about to write what it got of a request that was broken off. */
const TAKE_BACK_WAITS_MS = [0, 100, 300];
/** Taking back is tidying up: it isn't waited for longer than this, each time. */
const TAKE_BACK_ANSWER_MS = 5_000;

export interface UploadParts {
  exchange: Exchange;
  paths: Paths;
  collections: Collections;
  claims: Claims;
  files: Files;
  tuning: Tuning;
}

/** Writes files. Throws StoreError, and leaves nothing behind then, as far as the server does what it is told. */
export class Uploads {
  readonly #exchange: Exchange;
  readonly #paths: Paths;
  readonly #collections: Collections;
  readonly #claims: Claims;
  readonly #files: Files;
  readonly #arrivals: Arrivals;
  readonly #moves: Moves;
  readonly #stallMs: number;
  #way: Way | null = null;

  constructor({ exchange, paths, collections, claims, files, tuning }: UploadParts) {
    this.#exchange = exchange;
    this.#paths = paths;
    this.#collections = collections;
    this.#claims = claims;
    this.#files = files;
    this.#arrivals = new Arrivals(files, exchange.guarded);
    this.#moves = new Moves(exchange, tuning.stallMs);
    this.#stallMs = tuning.stallMs;
  }

  async write(name: string, { chunks, signal }: Sending, policy: RetryPolicy): Promise<void> {
    const place = this.#paths.file(name);
    // Known before the first byte is read; what decides comes in the end.
    const seen = await retry(() => this.#files.look(place.path, name, { signal }), policy, signal);
    if (seen.kind !== 'missing') throw exists(name);
    const body = await readAhead(chunks);
    const writing = { name, place, body, signal, policy, traces: { left: false } };
    this.#way ??= await this.#learnWay(writing);
    if (this.#way === 'move' && (await this.#writeAside(writing))) return;
    await this.#writeInPlace(writing);
  }

  async #learnWay(writing: Writing): Promise<Way> {
    const { name, signal, policy } = writing;
    const [from, to] = [this.#paths.unused(), this.#paths.unused()];
    const ask = () => this.#moves.areOffered({ from, to, about: name, bytes: 0, signal });
    const offered = await retry(ask, policy, signal);
    return offered === true || (offered === 'nothing' && (await this.#tryMove(writing)))
      ? 'move'
      : 'in-place';
  }

  /** Whether an empty file can be moved, beside the one that is to be written. */
  async #tryMove(writing: Writing): Promise<boolean> {
    const { name, signal, policy } = writing;
    const [from, to] = [this.#paths.temporary(name), this.#paths.temporary(name)];
    const empty = { ...writing, place: from, body: EMPTY, traces: { left: false } };
    const moving = { from: from.path, to: to.path, about: name, bytes: 0, signal };
    try {
      await retry(() => this.#put(empty, this.#outgoing(empty)), policy, signal);
      // Its answer may get lost: what counts is what came of it.
      await retry(() => this.#moves.move(moving), policy, signal);
      return (await retry(() => this.#files.look(to.path, name, { signal }), policy, signal)).kind === 'file';
    } finally {
      for (const { path } of [from, to]) await this.#remove(path, name);
    }
  }

  /** Under a temporary name first. Answers false where the server turns out to have no MOVE. */
  async #writeAside(writing: Writing): Promise<boolean> {
    const { name, place, body, signal, policy, traces } = writing;
    const temporary = this.#paths.temporary(name);
    let moved = false;
    try {
      const sent = await this.#send({ ...writing, place: temporary });
      signal.throwIfAborted();
      const claiming = { name, place, signal, policy, patienceMs: answerMs(sent.bytes, this.#stallMs) };
      moved = await this.#claims.holding(claiming, () => this.#publish(writing, temporary, sent));
    } finally {
      if (!moved && traces.left) await this.#takeBack(temporary.path, name);
    }
    if (moved) return true;
    traces.left = false;
    this.#way = 'in-place';
    if (body.repeatable) return false;
    throw said('transient', 'the server has no MOVE after all: it has to be sent again', name);
  }

  /** Sends a file to a name that nobody else has, and sees that all of it arrived. */
  async #send(writing: Writing): Promise<Fingerprint> {
    const { body, policy, signal } = writing;
    return retry(() => this.#sendOnce(writing), whileRepeatable(body, policy), signal);
  }

  async #sendOnce(writing: Writing): Promise<Fingerprint> {
    const { name } = writing;
    const outgoing = this.#outgoing(writing);
    await this.#put(writing, outgoing);
    if (!(await this.#isWhole(writing, outgoing.sent))) throw damaged(name);
    return outgoing.sent;
  }

  /** Gives a file that was sent its name, unless that is taken. Answers false where the server has no MOVE. */
  async #publish(writing: Writing, temporary: Place, sent: Fingerprint): Promise<boolean> {
    const { name, place, policy, signal } = writing;
    // Its answer may have got lost although it was done: then the temporary name is gone, and what we sent has the other.
    const landed = async (): Promise<boolean> =>
      (await this.#files.look(temporary.path, name)).kind === 'missing' &&
      (await this.#arrivals.isSame(place.path, name, sent));
    const attempt = async (count: number): Promise<boolean> => {
      let answer: Answer;
      try {
        // Not ended by the signal: whether it was done would not be known.
        const paths = { from: temporary.path, to: place.path };
        answer = await this.#moves.move({ ...paths, about: name, bytes: sent.bytes });
      } catch (error) {
        if (isTransient(error) && (await landed().catch(() => false))) return true;
        throw error;
      }
      if (succeeded(answer) || (count > 1 && (await landed()))) return true;
      if (answer.status === 412) throw exists(name);
      if (refusesMoves(answer)) return false;
      if (!isMissing(answer)) throw this.#exchange.refusal(answer);
      if ((await this.#files.look(temporary.path, name)).kind === 'file') return false;
      throw said('transient', 'somebody removed it while it was written', name);
    };
    return retry(attempt, policy, signal);
  }

  /** To its own name, where the server has no MOVE: only if nothing has that name. */
  async #writeInPlace(writing: Writing): Promise<void> {
    const { body, policy, signal } = writing;
    const attempt = (count: number) => this.#writeInPlaceOnce(writing, count > 1);
    await retry(attempt, whileRepeatable(body, policy), signal);
  }

  async #writeInPlaceOnce(writing: Writing, again: boolean): Promise<void> {
    const { name, place, traces } = writing;
    const outgoing = this.#outgoing(writing);
    const { sent } = outgoing;
    try {
      try {
        await this.#put(writing, outgoing, { 'if-none-match': '*' });
      } catch (error) {
        // What was said to have failed may have been done: then it is our own file that is there.
        const unsure = isTransient(error) ? traces.left && outgoing.complete : again && isExists(error);
        if (unsure && (await this.#arrivals.isSame(place.path, name, sent).catch(() => false))) return;
        throw error;
      }
      if (await this.#isWhole(writing, sent)) return;
      throw (await this.#arrivals.isOurs(place.path, name, sent)) ? damaged(name) : exists(name);
    } catch (error) {
      if (!isExists(error) && traces.left) await this.#withdraw(place.path, name, sent);
      throw error;
    }
  }

  /** Looks until it can be seen, where the alternative is not to send it again. */
  #isWhole({ name, place, body, signal, policy }: Writing, sent: Fingerprint): Promise<boolean> {
    const look = () => this.#arrivals.isWhole(place.path, name, sent, signal);
    return body.repeatable ? look() : retry(look, policy, signal);
  }

  async #put(writing: Writing, outgoing: Outgoing, headers: Record<string, string> = {}): Promise<void> {
    const { name, place, body, signal, traces } = writing;
    const leftBefore = traces.left;
    // With its length where that is known: not every server takes a body without.
    const length = body.length === null ? {} : { 'content-length': String(body.length) };
    try {
      const known = await this.#collections.ensure(place.directory, name);
      traces.left = true;
      const answer = await this.#exchange.tell({
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
      if (isPlain(answer)) traces.left = leftBefore;
      if (answer.status === 412) throw exists(name);
      if (answer.status !== 404 && answer.status !== 409) throw this.#exchange.refusal(answer);
      this.#collections.forget(place.directory);
      throw known ? said('transient', 'its directory was removed', name) : noDirectory(answer);
    } finally {
      outgoing.end();
    }
  }

  #outgoing({ body, name }: Writing): Outgoing {
    return new Outgoing(body, name, this.#stallMs);
  }

  async #takeBack(path: string, name: string): Promise<void> {
    for (const wait of TAKE_BACK_WAITS_MS) {
      await sleep(wait);
      if (await this.#remove(path, name)) return;
    }
  }

  /** Removes what a PUT to the file's own name left of it, unless that is somebody else's. */
  async #withdraw(path: string, name: string, sent: Fingerprint): Promise<void> {
    for (const wait of TAKE_BACK_WAITS_MS) {
      await sleep(wait);
      const ours = await this.#arrivals.isOurs(path, name, sent).catch(() => false);
      if (ours && (await this.#remove(path, name))) return;
    }
  }

  /** Answers whether there was something to be removed; that it could not be is no failure of its own. */
  async #remove(path: string, name: string): Promise<boolean> {
    const asked = { path, about: name, answerMs: Math.min(this.#stallMs, TAKE_BACK_ANSWER_MS) };
    return this.#exchange
      .tell({ method: 'DELETE', headers: { depth: '0' }, ...asked })
      .then(succeeded, () => false);
  }
}

/** The server has done nothing, and says so itself: other errors may be a proxy's that knows no better. */
function isPlain({ status }: Answer): boolean {
  return (status >= 400 && status < 500 && status !== 408) || status === 503;
}

function isExists(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'exists';
}

/** Nothing of it stays, and it may be sent again. */
function damaged(name: string): StoreError {
  return said('transient', 'what arrived at the server is not what was sent', name);
}
