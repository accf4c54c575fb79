import { Agent } from 'undici';
import type { HttpLocation } from '../locations/http.ts';
import { networkError, unknownError } from '../network-errors.ts';
import { said } from '../said.ts';
import type { StoreError } from '../store.ts';
import type { Tuning } from '../tuning.ts';
import type { Answer, Asked } from './answers.ts';
import { refusal } from './refusals.ts';

/** More of an answer that nobody reads isn't waited for. */
const DUMP_LIMIT = 64 * 1024;
const DUMP_MS = 1_000;

/**
 * Requests to the one server of a location, on connections that are kept. Credentials go to it alone: no redirect is
 * followed, wherever it leads. Every method throws StoreError; no message holds what opens the location.
 */
export class Exchange {
  /** Whether TLS guards what goes over the wire. */
  readonly guarded: boolean;
  readonly origin: string;
  readonly #location: HttpLocation;
  readonly #tuning: Tuning;
  readonly #agent: Agent;

  constructor(location: HttpLocation, tuning: Tuning) {
    this.guarded = location.scheme === 'https';
    this.origin = `${location.scheme}://${location.host}`;
    this.#location = location;
    this.#tuning = tuning;
    this.#agent = new Agent({
      connect: { timeout: tuning.connectMs },
      bodyTimeout: tuning.stallMs,
      // One connection a request: what is read slowly or hangs holds nothing else up.
      allowH2: false,
    });
  }

  /** Asks, and gives the answer whatever its status is. Its body has to be read, or destroyed. */
  async ask(asked: Asked): Promise<Answer> {
    const { method, path, body, signal, answerMs = this.#tuning.stallMs } = asked;
    const authorization = this.#authorization(asked.about);
    try {
      const response = await this.#agent.request({
        origin: this.origin,
        method,
        path,
        headers: { 'user-agent': 'holdfast', ...asked.headers, ...authorization },
        body: body ?? null,
        signal: signal ?? null,
        headersTimeout: answerMs,
        // The connection is kept, also after a HEAD and after methods that undici doesn't know.
        reset: false,
      });
      return { asked, status: response.statusCode, headers: response.headers, body: response.body };
    } catch (error) {
      throw explain(error, asked.about);
    }
  }

  /** As `ask`, for answers whose body says nothing. */
  async tell(asked: Asked): Promise<Answer> {
    const answer = await this.ask(asked);
    await this.drop(answer);
    return answer;
  }

  /** Takes what is left of an answer, so that its connection can be used again; one that doesn't end isn't waited for. */
  async drop({ body }: Answer): Promise<void> {
    const signal = AbortSignal.timeout(Math.min(this.#tuning.stallMs, DUMP_MS));
    await body.dump({ limit: DUMP_LIMIT, signal }).catch(() => {});
  }

  /** What the server meant by an answer that isn't the wanted one. */
  refusal(answer: Answer): StoreError {
    return refusal(answer, this.#location);
  }

  /** Breaks off whatever is going on. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #authorization(about: string | null): Record<string, string> {
    const { credentials } = this.#location;
    switch (credentials.kind) {
      case 'basic': {
        const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
        return { authorization: `Basic ${pair}` };
      }
      case 'bearer':
        if (!/^[\x21-\x7e]+$/.test(credentials.token))
          throw said('denied', 'its token has characters that no token has', about);
        return { authorization: `Bearer ${credentials.token}` };
      case 'unstated':
        return {};
    }
  }
}

/** Why a request failed that got no answer, or not all of it. */
export function explain(error: unknown, about: string | null): StoreError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return said('transient', 'the connection was broken off', about, { cause: error });
  if (code.startsWith('HPE_'))
    return said('failed', `it does not speak HTTP (${code})`, about, {
      cause: error,
      hint: 'Check the port, and http against https.',
    });
  return networkError(error, about) ?? unknownError(error, about);
}
