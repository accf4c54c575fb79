import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Transform } from 'node:stream';

/** What happens to a request on its way. */
export type Fault =
  /** The service isn't asked. */
  | { kind: 'answer'; status: number; code: string; headers?: Record<string, string>; detail?: string }
  /** The connection breaks in the middle of the request's body. */
  | { kind: 'reset' }
  /** The service does it; who asked never learns. */
  | { kind: 'lose-answer' }
  /** Nothing is read of the request, and nothing answered. */
  | { kind: 'hang' }
  /** The answer's body stops after so many bytes: the connection stays, or breaks. */
  | { kind: 'stop-body'; after: number; broken: boolean }
  /** One byte of the request's body is another. */
  | { kind: 'damage' }
  /** Waits for that, then passes it on. */
  | { kind: 'wait'; for: Promise<unknown> };

export interface Asked {
  method: string;
  /** With the query. */
  path: string;
  /** `block`, `blocklist`, `list` …; null for a blob itself. */
  comp: string | null;
}

/** A proxy before a test server, on a free port of 127.0.0.1, that does to requests what a test wants. */
export interface Faults {
  port: number;
  /** All that came, in order. */
  asked: Asked[];
  /** What becomes of the next requests; undefined: nothing. */
  decide: (asked: Asked) => Fault | undefined;
  /** Connections that are open. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

export async function startFaults(upstreamPort: number): Promise<Faults> {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://proxy');
    const asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      comp: url.searchParams.get('comp'),
    };
    faults.asked.push(asked);
    // Whichever end breaks, the other one learns of it by its connection.
    for (const side of [request, response]) side.on('error', () => {});
    act(request, response, upstreamPort, faults.decide(asked));
  });
  const faults: Faults = {
    port: 0,
    asked: [],
    decide: () => undefined,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  faults.port = (server.address() as AddressInfo).port;
  return faults;
}

function act(
  request: IncomingMessage,
  response: ServerResponse,
  upstreamPort: number,
  fault: Fault | undefined,
): void {
  switch (fault?.kind) {
    case 'answer': {
      const detail =
        fault.detail === undefined
          ? ''
          : `<AuthenticationErrorDetail>${fault.detail}</AuthenticationErrorDetail>`;
      const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${fault.code}</Code><Message>Words of the service.</Message>${detail}</Error>`;
      request.resume();
      request.once('end', () => {
        response.writeHead(fault.status, {
          'content-type': 'application/xml',
          'x-ms-error-code': fault.code,
          'x-ms-request-id': 'the-request',
          ...fault.headers,
        });
        response.end(request.method === 'HEAD' ? undefined : body);
      });
      return;
    }
    case 'reset':
      request.once('data', () => request.socket.resetAndDestroy());
      return;
    case 'hang':
      request.socket.pause();
      return;
    case 'wait':
      void fault.for.then(() => pass(request, response, upstreamPort, undefined));
      return;
    case 'lose-answer':
    case 'stop-body':
    case 'damage':
    case undefined:
      pass(request, response, upstreamPort, fault);
  }
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  fault: Fault | undefined,
): void {
  const { method, url: path, headers } = request;
  const upstream = http.request(
    { host: '127.0.0.1', port, method, path, headers, agent: false },
    (answer) => {
      if (fault?.kind === 'lose-answer') {
        answer.resume();
        answer.once('end', () => request.socket.resetAndDestroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (fault?.kind === 'stop-body') pipeline(answer, stopping(fault, request), response, () => {});
      else pipeline(answer, response, () => {});
    },
  );
  upstream.on('error', () => request.socket.destroy());
  response.once('close', () => upstream.destroy());
  if (fault?.kind === 'damage') pipeline(request, damaging(), upstream, () => {});
  else pipeline(request, upstream, () => {});
}

function damaging(): Transform {
  let done = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      if (!done) chunk[0] = (chunk[0] ?? 0) ^ 1;
      done = true;
      next(null, chunk);
    },
  });
}

function stopping(
  { after, broken }: { after: number; broken: boolean },
  request: IncomingMessage,
): Transform {
  let left = after;
  return new Transform({
    transform(chunk: Buffer, _encoding, next) {
      this.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) next();
      // What was passed on arrives before the connection breaks; else it just never goes on.
      else if (broken) setTimeout(() => request.socket.destroy(), 20);
    },
  });
}
