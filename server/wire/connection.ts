import type { Socket } from 'node:net';
import { BackendError, PostgresConnection } from 'pg-gateway';
import type { ConnectionState } from 'pg-gateway';
import type { Logger } from 'pino';
import { HoldfastError } from '../errors.ts';
import type { StatementRunner } from '../statement/answers.ts';
import { Body } from './body.ts';
import type { CancelKey, Cancels } from './cancels.ts';
import { CANCEL_REQUEST, FrameReader, GSSENC_REQUEST, isStartup, SSL_REQUEST, startCode } from './frames.ts';
import { fieldsOf } from './fields.ts';
import * as m from './messages.ts';
import { Session } from './session.ts';
import { messagesOf, outputOf } from './streams.ts';
import { PROTOCOL_VIOLATION, WireError } from './wire-error.ts';

export interface ConnectionOptions {
  /** Whether the password is the user's. Throws HoldfastError (`throttled`) where it won't even look. */
  authenticate(user: string, password: string): Promise<boolean>;
  clusterExists(name: string): Promise<boolean>;
  runner: StatementRunner;
  logger: Logger;
  cancels: Cancels;
  /** Takes one of the places for clients, or answers that there is none left. Given back when the socket closes. */
  takePlace(): boolean;
  /** Milliseconds that a client has to log in. */
  loginTimeout: number;
}

/** As CockroachDB says it is: psql and drivers choose by it what to ask of a server. */
const SERVER_VERSION = '13.0.0';

const PARAMETERS: Record<string, string> = {
  client_encoding: 'UTF8',
  server_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  integer_datetimes: 'on',
};

/**
 * Serves one client. pg-gateway does the start of the protocol (SSL request, start-up message, password); the
 * queries are `Session`'s, cancel requests and the framing of messages ours, since pg-gateway would trust any
 * length that a client names.
 */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #frames = new FrameReader();
  readonly #output: ReturnType<typeof outputOf>;
  readonly #loginTimer: NodeJS.Timeout;
  #session: Session | null = null;
  #key: CancelKey | null = null;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#output = outputOf(socket);
    this.#loginTimer = setTimeout(() => {
      options.logger.debug('a client did not log in in time');
      socket.destroy();
    }, options.loginTimeout);
    socket.setKeepAlive(true, 60_000);
    socket.setNoDelay(true);
    socket.on('error', (error) => options.logger.debug({ err: error }, 'a client connection failed'));
    socket.on('end', () => this.#session?.end());
    socket.on('close', () => this.#closed());

    const messages = messagesOf(socket, this.#frames, (error) => this.#end(this.#fieldsOf(error)));
    new PostgresConnection(
      { readable: messages, writable: this.#output.stream },
      {
        serverVersion: SERVER_VERSION,
        auth: {
          method: 'password',
          // pg-gateway asks for it even where validateCredentials, which does not use it, is given.
          getClearTextPassword: () => '',
          validateCredentials: ({ username, password }) =>
            this.#guarded(() => options.authenticate(username, password)),
        },
        onMessage: (message, state) => this.#guarded(() => this.#handle(message, state)),
        onStartup: (state) => this.#guarded(() => this.#start(state)),
        onAuthenticated: (state) => this.#guarded(() => this.#logIn(state)),
      },
    );
  }

  /** Tells the client that the server stops, and lets it go. Jobs go on. */
  shutDown(): void {
    this.#end({
      severity: 'FATAL',
      code: '57P01',
      message: 'Holdfast is stopping',
      hint: 'Running jobs go on when it is started again.',
    });
  }

  #closed(): void {
    clearTimeout(this.#loginTimer);
    this.#session?.end();
    if (this.#key !== null) this.#options.cancels.remove(this.#key);
  }

  #end(error: m.Fields): void {
    this.#output.offer(m.errorResponse(error));
    this.#session?.end();
    this.#socket.destroySoon();
  }

  /** Whatever goes wrong in a hook becomes the FATAL error that pg-gateway sends before it closes the connection. */
  async #guarded<T>(hook: () => T | Promise<T>): Promise<T> {
    try {
      return await hook();
    } catch (error) {
      const { code, message, hint } = this.#fieldsOf(error);
      // pg-gateway's own class is what it looks for; it is no Error.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw BackendError.create({ severity: 'FATAL', code, message, hint });
    }
  }

  #fieldsOf(error: unknown): m.Fields {
    const { logger } = this.#options;
    return fieldsOf(error, 'FATAL', { logger, what: 'a client connection failed' });
  }

  /** Bytes, even none: the message is dealt with. Undefined: pg-gateway deals with it. */
  async #handle(message: Uint8Array, state: ConnectionState): Promise<Uint8Array | undefined> {
    if (!state.hasStarted) return this.#open(message);
    const terminate = message[0] === 0x58;
    if (this.#session === null) {
      // Closed before the password: psql does that, to ask for one.
      if (terminate) this.#socket.destroySoon();
      else if (message[0] !== 0x70) throw new WireError(PROTOCOL_VIOLATION, 'expected a password');
      else new Body(message, 5).cstring(); // throws where pg-gateway would read past the end
      return terminate ? NOTHING : undefined;
    }
    if (terminate) return undefined;
    await this.#session.handle(message);
    return NOTHING;
  }

  /** The messages that may come before a start-up message, and that one itself. */
  #open(message: Uint8Array): Uint8Array | undefined {
    const code = startCode(message);
    if (code === SSL_REQUEST) return undefined;
    if (code === GSSENC_REQUEST) return Uint8Array.of(0x4e); // N: not here
    if (code === CANCEL_REQUEST) {
      this.#options.cancels.request(message);
      this.#socket.destroySoon();
      return NOTHING;
    }
    if (!isStartup(code)) {
      throw new WireError(
        '0A000',
        `unsupported frontend protocol ${code >>> 16}.${code & 0xffff}: this is 3.0`,
      );
    }
    const names: string[] = [];
    const body = new Body(message, 8);
    for (let name = body.cstring(); name !== ''; name = body.cstring()) {
      names.push(name);
      body.cstring();
    }
    body.end();
    const unknown = names.filter((name) => name.startsWith('_pq_.'));
    if ((code & 0xffff) > 0 || unknown.length > 0) {
      this.#output.offer(m.negotiateProtocolVersion(unknown));
      // pg-gateway takes 3.0 alone, which is what the client was just told to speak.
      message[6] = 0;
      message[7] = 0;
    }
    return undefined;
  }

  #start(state: ConnectionState): void {
    const replication = state.clientParams?.replication;
    if (replication !== undefined && !/^(?:false|off|no|0)$/i.test(replication)) {
      throw new HoldfastError('unsupported', 'there is no replication on this port');
    }
    if (!this.#options.takePlace()) {
      throw new WireError('53300', 'too many clients are connected', 'Try again when some have left.');
    }
  }

  async #logIn(state: ConnectionState): Promise<void> {
    const user = state.clientParams?.user ?? '';
    const cluster = state.clientParams?.database || user;
    if (!(await this.#options.clusterExists(cluster))) {
      throw new HoldfastError('undefined-cluster', `cluster "${cluster}" does not exist`, {
        hint: hintFor(cluster, user),
      });
    }
    clearTimeout(this.#loginTimer);
    this.#frames.loggedIn();
    const { runner, logger, cancels } = this.#options;
    const session = new Session({ cluster, user, runner, output: this.#output, logger });
    this.#session = session;
    if (this.#socket.destroyed) return session.end();
    this.#key = cancels.add(() => session.cancel());
    for (const [name, value] of Object.entries(PARAMETERS)) {
      await this.#output.send(m.parameterStatus(name, value));
    }
    await this.#output.send(m.backendKeyData(this.#key.processId, this.#key.secret));
  }
}

const NOTHING = new Uint8Array();

function hintFor(cluster: string, user: string): string {
  const list = "The console's Clusters page lists the clusters.";
  if (cluster !== user) return `On this port the database is the name of a cluster. ${list}`;
  return `On this port the database is the name of a cluster, and without one the user name is taken: psql -U ${user} default. ${list}`;
}
