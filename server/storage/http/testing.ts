import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { SelfSigned } from '../../testing/certificates.ts';
import { httpStore } from './store.ts';
import { parseLocation } from '../location.ts';
import type { HttpLocation } from '../locations/http.ts';
import type { Store } from '../store.ts';
import { pattern } from '../testing.ts';
import type { Tuning } from '../tuning.ts';

// What tests of the HTTP store need.

/** Larger than what is held of a body, to be sent again. */
export function largeBody(mib = 8): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let index = 0; index < mib; index++) yield pattern(index);
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** Repeats at once. `waits` are the milliseconds that would have passed. */
export function quick(tuning: Partial<Tuning> = {}): Tuning & { waits: number[] } {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return {
    waits,
    retry: { attempts: 3, firstWaitMs: 100, longestWaitMs: 300, sleep, random: () => 0 },
    connectMs: 10_000,
    stallMs: 20_000,
    ...tuning,
  };
}

export function openHttp(
  url: string,
  { tuning = quick(), credentials }: { tuning?: Tuning; credentials?: HttpLocation['credentials'] } = {},
): Store {
  const location = parseLocation(url);
  if (location.scheme !== 'http' && location.scheme !== 'https') throw new Error('it is no URL of HTTP');
  return httpStore(credentials === undefined ? location : { ...location, credentials }, tuning);
}

export interface Served {
  origin: string;
  /** Each request as `METHOD path`, without those that nobody can tell before (temporary names are `…`). */
  requests: string[];
  close(): Promise<void>;
}

/** A server in this process, for answers that no real one gives at will. */
export async function serve(listener: RequestListener, tls?: SelfSigned): Promise<Served> {
  const requests: string[] = [];
  const told: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url?.replace(/\.holdfast-tmp-[0-9a-f-]+/, '…')}`);
    listener(request, response);
  };
  const server: Server = tls === undefined ? createServer(told) : createTlsServer(tls, told);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
