import { type Answer, isMissing, isUnknownMethod, succeeded } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { answerMs } from './sending.ts';

export interface Moving {
  from: string;
  to: string;
  about: string;
  /** How much a server that copies has to copy. */
  bytes: number;
  signal?: AbortSignal;
}

/** MOVE: a file gets another name, unless that is taken (RFC 4918, 9.9 and 10.6). */
export class Moves {
  readonly #exchange: Exchange;
  readonly #stallMs: number;
  /**
   * What `Destination` begins with: the URL of the server, as every server takes it that is asked directly. Where a proxy ends TLS the
   * server takes that for another server's: nginx then takes a path (RFC 4918, 10.3), Apache only what it takes for its own URL.
   */
  readonly #prefixes: string[];

  constructor(exchange: Exchange, stallMs: number) {
    this.#exchange = exchange;
    this.#stallMs = stallMs;
    const { origin } = exchange;
    this.#prefixes = exchange.guarded ? [origin, '', origin.replace(/^https:/, 'http:')] : [origin, ''];
  }

  async move(moving: Moving): Promise<Answer> {
    const [first = '', ...others] = this.#prefixes;
    const answer = await this.#ask(moving, first);
    if (!isOfAnother(answer)) return answer;
    for (const prefix of others) {
      const other = await this.#ask(moving, prefix);
      if (isOfAnother(other)) continue;
      if (succeeded(other) || isMissing(other) || other.status === 412)
        this.#prefixes.splice(0, Infinity, prefix);
      return other;
    }
    return answer;
  }

  /**
   * What the answer to a MOVE of a file that isn't there tells of the server: it has MOVE (those look for the file first), it hasn't,
   * or nothing: that has to be tried with a file. Throws what will pass.
   */
  async areOffered(moving: Moving): Promise<boolean | 'nothing'> {
    const answer = await this.move(moving);
    if (isMissing(answer) || answer.status === 409) return true;
    if (isUnknownMethod(answer)) return false;
    if ([401, 429, 503, 504].includes(answer.status)) throw this.#exchange.refusal(answer);
    return 'nothing';
  }

  #ask({ from, to, about, bytes, signal }: Moving, prefix: string): Promise<Answer> {
    return this.#exchange.tell({
      method: 'MOVE',
      path: from,
      about,
      headers: { destination: prefix + to, overwrite: 'F' },
      signal,
      answerMs: answerMs(bytes, this.#stallMs),
    });
  }
}

/** nginx says 400 to a `Destination` on another server, Apache 502. */
function isOfAnother({ status }: Answer): boolean {
  return status === 400 || status === 502;
}

/** The server turns out not to have MOVE, or not to let us. */
export function refusesMoves(answer: Answer): boolean {
  return isUnknownMethod(answer) || answer.status === 403;
}
