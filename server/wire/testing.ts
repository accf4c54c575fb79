import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { Client } from 'pg';
import { pino } from 'pino';
import { HoldfastError } from '../errors.ts';
import { answerCount, answerRows } from '../statement/answers.ts';
import type { Answer, RunContext, StatementRunner } from '../statement/answers.ts';
import type { Statement } from '../statement/ast.ts';
import { startWireServer } from './server.ts';
import type { WireServer, WireServerOptions } from './server.ts';

/** What the wire tests share: a real endpoint whose runner answers as the tests need it, and clients. */

export const PASSWORD = 'correct horse';

/**
 * Answers by what the statement names: the backup URL says how the run goes.
 * `slow`: gives notices and waits until it is aborted. `refused`, `broken`: throws. `jobs` are SHOW JOBS' rows.
 */
export class TestRunner implements StatementRunner {
  readonly ran: Statement[] = [];
  readonly contexts: RunContext[] = [];
  /** How many waits were aborted. */
  aborted = 0;
  jobs = 3;

  async run(statement: Statement, context: RunContext): Promise<Answer> {
    this.ran.push(statement);
    this.contexts.push(context);
    if (statement.kind === 'show-jobs') {
      return answerRows(
        statement,
        Array.from({ length: this.jobs }, (_, index) => jobRow(String(index + 1))),
      );
    }
    if (statement.kind === 'control-jobs') return answerCount(statement, statement.ids.length);
    const url = statement.kind === 'backup' ? statement.to : '';
    if (url === 'slow') await this.#wait(context);
    if (url === 'refused') {
      throw new HoldfastError('duplicate-file', 'nodelocal://1/x already holds a backup', {
        hint: 'Choose another URL.',
      });
    }
    if (url === 'broken') throw new Error('connect to s3://bucket?KEY=hush failed');
    context.notice('exported 1 of 1 ranges');
    return answerRows(statement, [['1229718866879676417', 'succeeded', '1', '10', '7', '1090']]);
  }

  #wait(context: RunContext): Promise<never> {
    const { signal } = context;
    context.notice('still at it', 'WARNING');
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        this.aborted++;
        reject(signal.reason as Error);
      });
    });
  }
}

function jobRow(id: string): (string | null)[] {
  const time = '2026-11-22 12:33:34.908597';
  const backup = ['BACKUP', "BACKUP TABLE a.b TO 'ü'", '', 'root', 'succeeded', null];
  return [id, ...backup, time, time, time, time, '1', '', null];
}

export interface TestServer extends WireServer {
  runner: TestRunner;
  /** What was logged. */
  log(): string;
}

export async function startTestServer(options: Partial<WireServerOptions> = {}): Promise<TestServer> {
  const runner = new TestRunner();
  let logged = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const server = await startWireServer({
    host: '127.0.0.1',
    port: 0,
    runner,
    authenticate: (user, password) => {
      if (user === 'throttled') {
        throw new HoldfastError('throttled', 'too many attempts', { hint: 'Wait a minute.' });
      }
      return Promise.resolve(user === 'root' && password === PASSWORD);
    },
    clusterExists: (name) => Promise.resolve(name === 'default' || name === 'Zwölf'),
    logger: pino({ level: 'debug' }, sink),
    ...options,
  });
  return { ...server, runner, log: () => logged };
}

/** A client of the `pg` package that is not yet connected. */
export function pgClient(server: WireServer, overrides: object = {}): Client {
  const client = new Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'root',
    password: PASSWORD,
    database: 'default',
    ...overrides,
  });
  // A server that goes away is an event of its own; the tests look at the queries.
  client.on('error', () => undefined);
  return client;
}

/** A client that is logged in while `use` runs. */
export async function withClient<T>(server: WireServer, use: (client: Client) => Promise<T>): Promise<T> {
  const client = pgClient(server);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** A message as a client sends it. */
export function frame(type: string, ...parts: (string | number[])[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : Buffer.from(part))),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

export function startup(parameters: Record<string, string>, version = 0x30000): Buffer {
  const code = Buffer.alloc(4);
  code.writeUInt32BE(version);
  return frame('', [...code], ...Object.entries(parameters).flat(), [0]);
}

/** A raw connection that collects what it is sent. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(server: WireServer) {
    this.socket = connect(server.port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  send(...bytes: Uint8Array[]): this {
    this.socket.write(Buffer.concat(bytes));
    return this;
  }

  /** Logs in; what was received before the first ReadyForQuery is consumed and answered. */
  async logIn(): Promise<{ type: string; body: Buffer }[]> {
    this.send(startup({ user: 'root', database: 'default' }));
    await this.until('R');
    return this.send(frame('p', PASSWORD)).until('Z');
  }

  /** The next `count` bytes, outside of any message. */
  async bytes(count: number): Promise<Buffer> {
    while (this.#received.length < count) await this.#more();
    return this.#take(count);
  }

  /** Messages up to and with the first of the type. Rejects when the connection ends before. */
  async until(type: string): Promise<{ type: string; body: Buffer }[]> {
    const messages = [];
    for (;;) {
      while (this.#received.length < 5) await this.#more();
      const length = this.#received.readUInt32BE(1) + 1;
      while (this.#received.length < length) await this.#more();
      const bytes = this.#take(length);
      const message = { type: String.fromCharCode(bytes[0] ?? 0), body: bytes.subarray(5) };
      messages.push(message);
      if (message.type === type) return messages;
    }
  }

  #take(count: number): Buffer {
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }

  async #more(): Promise<void> {
    if (this.#isClosed) throw new Error('the connection is closed');
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The fields of an ErrorResponse or NoticeResponse by their letters. */
export function fieldsOf(body: Buffer): Record<string, string> {
  const parts = body.toString('utf8').split('\0').filter(Boolean);
  return Object.fromEntries(parts.map((part) => [part.charAt(0), part.slice(1)]));
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('it did not reject');
}
