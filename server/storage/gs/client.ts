import type { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { Storage } from '@google-cloud/storage';
import { type AuthClient, JWT, PassThroughClient } from 'google-auth-library';
import type { GsLocation } from '../locations/gs.ts';
import type { Tuning } from '../tuning.ts';
import { watchedAgent } from '../watched-agent.ts';

/** What reading and writing objects needs: https://cloud.google.com/storage/docs/oauth-scopes */
const SCOPES = ['https://www.googleapis.com/auth/devstorage.read_write'];

export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  signal?: AbortSignal;
}

export interface ApiResponse {
  status: number;
  header(name: string): string | null;
  /** Nobody watches whether it moves: that is for who reads it. */
  body: Readable;
  /** All of the body, where it is short; given up when it stalls. */
  text(): Promise<string>;
}

/**
 * The service as the official client reaches it: its endpoint and its credentials. Requests are made one by one, by the client's
 * own HTTP layer, and answered whatever their status: the client's upload streams wait for a second at least before they
 * try again, never notice that nothing moves, and leave their session behind when they are given up; its read streams close
 * the connections of others when one fails.
 */
export class GsClient {
  /** Up to `/storage/v1` and `/upload/storage/v1`. */
  readonly endpoint: string;
  readonly #storage: Storage;
  readonly #agent: Agent;
  readonly #stallMs: number;

  constructor(location: GsLocation, tuning: Tuning) {
    const { endpoint } = location;
    const authClient = clientFor(location);
    this.#storage = new Storage({
      ...(endpoint === null ? {} : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: true }),
      ...(authClient === null ? {} : { authClient }),
    });
    this.endpoint = this.#storage.apiEndpoint;
    this.#stallMs = tuning.stallMs;
    this.#agent = watchedAgent(this.endpoint.startsWith('https:'), tuning);
  }

  /** Throws what the HTTP layer and the credentials throw: see `gs/errors.ts`. */
  async request({ method, url, headers = {}, body, signal }: ApiRequest): Promise<ApiResponse> {
    const options = {
      method,
      url: url.startsWith('/') ? this.endpoint + url : url,
      headers: { 'accept-encoding': 'identity', ...headers },
      ...(body === undefined ? {} : { data: body }),
      signal,
      agent: this.#agent,
      responseType: 'stream' as const,
      validateStatus: () => true,
      redirect: 'manual' as const,
      compress: false,
      retry: false,
    };
    const response = await this.#storage.authClient.request<unknown>(options);
    // Answers without content have no stream.
    const answer = response.data instanceof Readable ? response.data : Readable.from([]);
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body: answer,
      text: () => textOf(answer, this.#stallMs),
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The HTTP layer takes the deadline off a connection when an answer begins. */
async function textOf(body: Readable, stallMs: number): Promise<string> {
  const stalled = (): void => {
    body.destroy(Object.assign(new Error('the answer stalled'), { code: 'ETIMEDOUT' }));
  };
  const timer = setTimeout(stalled, stallMs);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body) {
      timer.refresh();
      chunks.push(chunk as Buffer);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * Null: what the machine is allowed (application default credentials). That is for Google alone: whoever may type a URL could
 * have the machine's token sent to a server of his own. To any other endpoint requests go without; emulators want none.
 */
function clientFor({ credentials, endpoint }: GsLocation): AuthClient | null {
  if (credentials.kind === 'key') {
    const { key } = credentials;
    const jwt = new JWT({
      email: key.client_email,
      key: key.private_key,
      // Goes into the token's header, as Google asks of those that a key signs itself:
      // https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth
      keyId: typeof key['private_key_id'] === 'string' ? key['private_key_id'] : undefined,
      scopes: SCOPES,
    });
    // Signs its own tokens, so that nothing but the storage itself has to be reached: https://google.aip.dev/auth/4111
    jwt.useJWTAccessWithScope = true;
    return jwt;
  }
  return endpoint === null || isGoogles(endpoint) ? null : new PassThroughClient();
}

/** Regional and private endpoints are below the same domain: https://cloud.google.com/storage/docs/request-endpoints */
function isGoogles(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'https:' && hostname.endsWith('.googleapis.com');
}
