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
  body: Readable;
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

  constructor(location: GsLocation, tuning: Tuning) {
    const { endpoint } = location;
    const authClient = clientFor(location);
    this.#storage = new Storage({
      ...(endpoint === null ? {} : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: true }),
      ...(authClient === null ? {} : { authClient }),
    });
    this.endpoint = this.#storage.apiEndpoint;
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
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      // Answers without content have no stream.
      body: response.data instanceof Readable ? response.data : Readable.from([]),
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Null: what the machine is allowed (application default credentials). */
function clientFor({ credentials, endpoint }: GsLocation): AuthClient | null {
  if (credentials.kind === 'key') {
    const jwt = new JWT({
      email: credentials.key.client_email,
      key: credentials.key.private_key,
      scopes: SCOPES,
    });
    // Signs its own tokens, so that nothing but the storage itself has to be reached: https://google.aip.dev/auth/4111
    jwt.useJWTAccessWithScope = true;
    return jwt;
  }
  // Emulators want none, and asking a machine outside of Google's cloud for its account takes its time.
  return endpoint !== null && credentials.kind === 'unstated' ? new PassThroughClient() : null;
}
