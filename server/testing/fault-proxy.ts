import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  Agent,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';

/** What goes wrong with one request. `after` counts bytes of the body that went through before. */
export type Fault =
  | { kind: 'answer'; status: number; retryAfterSeconds?: number }
  /** The connection is broken off. */
  | { kind: 'reset'; where: Direction; after: number }
  /** It stays open, and nothing moves any more. */
  | { kind: 'stall'; where: Direction; after: number }
  /** One bit is flipped. */
  | { kind: 'corrupt'; where: Direction; after: number }
  /** The service does what was asked, and nobody hears of it. */
  | { kind: 'lost-answer' };
export type Direction = 'request' | 'response';

export interface Asked {
  method: string;
  /** With the query. */
  path: string;
  /** Of the body; null where it isn't said. */
  bytes: number | null;
  /** From 1. */
  count: number;
}

export interface FaultProxy {
  port: number;
  /** What went wrong so far, and with which request. */
  happened: { fault: Fault; asked: Asked }[];
  requests: number;
  /** Decides for each request whether and how it goes wrong; may be changed at any time. */
  decide: (asked: Asked) => Fault | null;
  close(): Promise<void>;
}

/**
 * A proxy on 127.0.0.1 in front of an HTTP service, for tests: passes everything through, headers as they are (signatures
 * cover the host), and lets go wrong what `decide` says.
 */
export async function startFaultProxy(upstream: { host: string; port: number }): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const proxy: FaultProxy = {
    port: 0,
    happened: [],
    requests: 0,
    decide: () => null,
    async close() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await once(server, 'close');
    },
  };
  const server = createServer((incoming, response) => {
    const asked: Asked = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      bytes: lengthOf(incoming),
      count: ++proxy.requests,
    };
    const fault = proxy.decide(asked);
    if (fault !== null) proxy.happened.push({ fault, asked });
    pass(incoming, response, fault, { ...upstream, agent });
  });
  // Clients that send a body before they are told to go on want to be told.
  server.on('checkContinue', (incoming: IncomingMessage, response: ServerResponse) => {
    response.writeContinue();
    server.emit('request', incoming, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}

function pass(
  incoming: IncomingMessage,
  response: ServerResponse,
  fault: Fault | null,
  upstream: { host: string; port: number; agent: Agent },
): void {
  if (fault?.kind === 'answer') {
    // As services do that are overloaded: without reading what is sent.
    response.setHeader('content-length', 0).setHeader('connection', 'close');
    if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', fault.retryAfterSeconds);
    response.writeHead(fault.status).end();
    incoming.resume();
    return;
  }
  const { expect: _expected, ...headers } = incoming.headers;
  const outgoing = httpRequest({
    ...upstream,
    method: incoming.method,
    path: incoming.url,
    headers: { ...headers, host: incoming.headers.host },
  });
  const breakOff = (): void => {
    incoming.socket.resetAndDestroy();
    outgoing.destroy();
  };
  const ended = new Set<ClientRequest | ServerResponse>();
  outgoing.on('error', breakOff);
  incoming.on('error', () => outgoing.destroy());
  response.on('finish', () => ended.add(response));
  response.on('close', () => {
    if (!ended.has(response)) outgoing.destroy();
  });
  outgoing.on('response', (answer) => {
    if (fault?.kind === 'lost-answer') {
      answer.resume();
      answer.once('end', breakOff);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.on('error', breakOff);
    answer.pipe(fateOf(fault, 'response', breakOff)).pipe(response);
  });
  incoming.pipe(fateOf(fault, 'request', breakOff)).pipe(outgoing);
}

/** What becomes of the bytes of one direction. */
function fateOf(fault: Fault | null, direction: Direction, breakOff: () => void): Transform {
  let seen = 0;
  let done = fault === null || !('where' in fault) || fault.where !== direction;
  return new Transform({
    transform(chunk: Buffer, _encoding, pushed) {
      const first = seen;
      seen += chunk.length;
      if (done || fault === null || !('where' in fault) || seen <= fault.after) {
        pushed(null, chunk);
        return;
      }
      done = true;
      const at = fault.after - first;
      if (fault.kind === 'corrupt') {
        const copy = Buffer.from(chunk);
        copy[at] = (copy[at] ?? 0) ^ 1;
        pushed(null, copy);
        return;
      }
      this.push(chunk.subarray(0, at));
      if (fault.kind === 'reset') setImmediate(breakOff);
      // A stall: what comes next is never asked for.
    },
    flush(finished) {
      if (done || fault === null || !('where' in fault)) finished();
      // The body was shorter than that: it goes wrong at its end.
      else if (fault.kind === 'reset') breakOff();
      else if (fault.kind === 'corrupt') finished();
    },
  });
}

function lengthOf(incoming: IncomingMessage): number | null {
  const length = incoming.headers['content-length'];
  return length === undefined ? null : Number(length);
}
