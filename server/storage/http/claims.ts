import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient, retry, type RetryPolicy } from '../retry.ts';
import { exists } from '../said.ts';
import { type Answer, isMissing, isUnknownMethod, succeeded } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { Files } from './files.ts';
import type { Paths, Place } from './paths.ts';

const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 500;
const RELEASE_WAITS_MS = [0, 50, 200];

export interface Claiming {
  name: string;
  place: Place;
  /** How long whoever claims a name may take. */
  patienceMs: number;
  signal: AbortSignal;
  policy: RetryPolicy;
}

/**
 * Has one writer at a time give a file its name. Servers look whether a name is taken and rename in two steps, so that of two MOVEs at
 * once both may succeed and the later one overwrites: Apache's do so often, those of several workers of nginx sometimes. To make a
 * directory is one step everywhere: who makes the one of this name goes first. Nothing stays of it; what a writer leaves that is
 * killed at that moment is removed by the next one, or with the file.
 */
export class Claims {
  readonly #exchange: Exchange;
  readonly #paths: Paths;
  readonly #files: Files;
  /** Whether the server makes directories and removes them; null until that was seen. */
  #offered: boolean | null = null;

  constructor(exchange: Exchange, paths: Paths, files: Files) {
    this.#exchange = exchange;
    this.#paths = paths;
    this.#files = files;
  }

  /** Does it while nobody else has the claim; where the server knows none, as it is. Throws `exists` once the name is taken. */
  async holding<T>(claiming: Claiming, work: () => Promise<T>): Promise<T> {
    const { name } = claiming;
    const path = this.#paths.claim(name);
    const held = await this.#acquire(path, claiming);
    try {
      return await work();
    } finally {
      if (held) await this.#release(path, name);
    }
  }

  /** Removes the claim of a writer that was killed. */
  async clear(name: string): Promise<void> {
    await this.#remove(this.#paths.claim(name), name);
  }

  async #acquire(path: string, { name, place, patienceMs, signal, policy }: Claiming): Promise<boolean> {
    const until = Date.now() + patienceMs;
    // A request whose answer was lost may have made it; then it counts as ours.
    let unsure = false;
    const make = (): Promise<Answer> =>
      retry(
        async () => {
          try {
            return await this.#make(path, name);
          } catch (error) {
            unsure ||= isTransient(error);
            throw error;
          }
        },
        policy,
        signal,
      );
    for (let wait = FIRST_WAIT_MS; this.#offered !== false; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      const answer = await make();
      if (succeeded(answer) || (unsure && answer.status === 405)) return true;
      if (isMissing(answer) || answer.status === 409) return false;
      // 405, or 403 or 423 where two make it at once: it is there; or there is no such method.
      this.#offered ??= await this.#isOffered(name);
      if (!this.#offered) return false;
      if ((await this.#files.look(place.path, name, { signal })).kind !== 'missing') throw exists(name);
      if (Date.now() >= until) {
        // Whoever has it has been killed; where it can't be removed it is no claim.
        await this.#release(path, name);
        return succeeded(await this.#make(path, name));
      }
      await sleep(wait, undefined, { signal });
    }
    return false;
  }

  async #isOffered(name: string): Promise<boolean> {
    const path = `${this.#paths.temporary(name).path}/`;
    const made = succeeded(await this.#make(path, name));
    return made && succeeded(await this.#remove(path, name));
  }

  async #make(path: string, about: string): Promise<Answer> {
    const answer = await this.#exchange.tell({ method: 'MKCOL', path, about });
    if (answer.status === 401 || answer.status === 429 || (answer.status >= 500 && answer.status !== 501))
      throw this.#exchange.refusal(answer);
    return answer;
  }

  #remove(path: string, about: string): Promise<Answer> {
    return this.#exchange.tell({ method: 'DELETE', path, about });
  }

  /** That it could not be removed is no failure of what was done; but where it never can no more are made. */
  async #release(path: string, name: string): Promise<void> {
    for (const wait of RELEASE_WAITS_MS) {
      await sleep(wait);
      const answer = await this.#remove(path, name).catch(() => null);
      if (answer === null || answer.status === 423 || answer.status >= 502) continue;
      if (answer.status === 403 || isUnknownMethod(answer)) this.#offered = false;
      return;
    }
  }
}
