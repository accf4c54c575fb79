import http, { type ClientRequest, type ClientRequestArgs } from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Tuning } from './tuning.ts';

type Deadlines = Pick<Tuning, 'connectMs' | 'stallMs'>;
type OnConnection = (error: Error | null, socket: Duplex) => void;

/**
 * An agent that keeps connections alive and gives up those that can't be made within `connectMs` or, once they are in use,
 * have no byte moving in either direction for `stallMs`: what waits for them fails with ETIMEDOUT. A request that is sent slowly
 * but moves is let be, however long it takes.
 */
export function watchedAgent(secure: boolean, deadlines: Deadlines): http.Agent {
  return secure ? new WatchedTlsAgent(deadlines) : new WatchedTcpAgent(deadlines);
}

/** `timeout` is for new connections, and closes those that nobody uses for so long. */
function agentOptions({ stallMs }: Deadlines): http.AgentOptions {
  return { keepAlive: true, timeout: stallMs };
}

class WatchedTcpAgent extends http.Agent {
  readonly #deadlines: Deadlines;

  constructor(deadlines: Deadlines) {
    super(agentOptions(deadlines));
    this.#deadlines = deadlines;
  }

  override createConnection(options: ClientRequestArgs, done?: OnConnection): Duplex | null | undefined {
    return watch(super.createConnection(options, done), 'connect', this.#deadlines);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    rewind(socket, this.#deadlines);
  }
}

class WatchedTlsAgent extends https.Agent {
  readonly #deadlines: Deadlines;

  constructor(deadlines: Deadlines) {
    super(agentOptions(deadlines));
    this.#deadlines = deadlines;
  }

  override createConnection(options: https.RequestOptions, done?: OnConnection): Duplex | null | undefined {
    return watch(super.createConnection(options, done), 'secureConnect', this.#deadlines);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    rewind(socket, this.#deadlines);
  }
}

/** Node says that a socket is idle, and leaves it to others to do something about it. */
function watch<S extends Duplex | null | undefined>(
  socket: S,
  connected: 'connect' | 'secureConnect',
  { connectMs, stallMs }: Deadlines,
): S {
  if (!(socket instanceof Socket)) return socket;
  const connecting = setTimeout(() => {
    socket.destroy(timedOut(`no connection within ${connectMs} ms`));
  }, connectMs);
  const done = () => clearTimeout(connecting);
  socket.once(connected, done);
  socket.once('close', done);
  socket.on('timeout', () => socket.destroy(timedOut(`no byte moved for ${stallMs} ms`)));
  return socket;
}

/** While a connection was kept for later its deadline was the server's, which may be shorter. */
function rewind(socket: Duplex, { stallMs }: Deadlines): void {
  if (socket instanceof Socket) socket.setTimeout(stallMs);
}

function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}
