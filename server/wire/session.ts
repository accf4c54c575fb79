import type { Logger } from 'pino';
import { HoldfastError } from '../errors.ts';
import type { Answer, StatementRunner } from '../statement/answers.ts';
import { Body } from './body.ts';
import { fieldsOf } from './fields.ts';
import * as m from './messages.ts';
import { prepare } from './prepared.ts';
import type { Prepared } from './prepared.ts';
import { PROTOCOL_VIOLATION, WireError } from './wire-error.ts';

/** Sends bytes to the client; resolves when more may be sent. Never rejects: a client that is gone gets nothing. */
export interface Output {
  send(bytes: Uint8Array): Promise<void>;
  /** Sends if the client keeps up, else drops it. */
  offer(bytes: Uint8Array): void;
}

export interface SessionOptions {
  cluster: string;
  user: string;
  runner: StatementRunner;
  output: Output;
  logger: Logger;
}

/** A bound statement; its rows are kept while a client fetches them in parts. */
interface Portal {
  prepared: Prepared | null;
  answer: Answer | null;
  sent: number;
}

const MAX_PREPARED = 1000;
const ROWS_AT_ONCE = 100;

/** One logged-in client: the simple and the extended query protocol. Messages are handled one after the other. */
export class Session {
  readonly #options: SessionOptions;
  readonly #output: Output;
  /** Null: an empty query. */
  readonly #statements = new Map<string, Prepared | null>();
  readonly #portals = new Map<string, Portal>();
  /** After an error in the extended protocol everything up to the next Sync is skipped. */
  #skipping = false;
  #running: AbortController | null = null;
  #ended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#output = options.output;
  }

  /** Ends the wait for the statement that runs, if one does. Its job goes on. */
  cancel(): void {
    this.#running?.abort(
      new HoldfastError('canceled', 'canceled the wait; the job goes on', {
        hint: 'SHOW JOBS shows it, CANCEL JOB ends it.',
      }),
    );
  }

  /** The client is gone: ends the wait, and no further statement starts. */
  end(): void {
    this.#ended = true;
    this.cancel();
  }

  /** Handles one message of a logged-in client. Throws WireError where the connection can't go on. */
  async handle(message: Uint8Array): Promise<void> {
    const type = String.fromCharCode(message[0] ?? 0);
    const body = new Body(message, 5);
    if (type === 'S') {
      // A Sync ends the implicit transaction, and portals with it.
      this.#skipping = false;
      this.#portals.clear();
      return this.#output.send(m.readyForQuery);
    }
    if (type === 'Q') return this.#query(body);
    if (type === 'H') return; // Flush: nothing is held back.
    if ('dcf'.includes(type)) return; // COPY data after COPY has failed is skipped.
    if (type === 'F') {
      await this.#fail(new WireError('0A000', 'function calls are not supported'));
      return this.#output.send(m.readyForQuery);
    }
    if (!'PBDEC'.includes(type)) {
      throw new WireError(PROTOCOL_VIOLATION, `invalid frontend message type ${message[0] ?? 0}`);
    }
    if (this.#skipping) return;
    try {
      await this.#extended(type, body);
    } catch (error) {
      this.#skipping = true;
      await this.#fail(error);
    }
  }

  async #query(body: Body): Promise<void> {
    this.#skipping = false;
    try {
      const text = body.cstring();
      body.end();
      const all = prepare(text);
      if (all.length === 0) await this.#output.send(m.emptyQueryResponse);
      // One wait for the whole message: cancelling it cancels the statements after it too.
      for (const prepared of all) {
        const answer = await this.#run(prepared);
        if (prepared.columns.length > 0) await this.#output.send(m.rowDescription(prepared.columns));
        await this.#rows(answer.rows);
        await this.#output.send(m.commandComplete(answer.tag));
      }
    } catch (error) {
      await this.#fail(error);
    }
    await this.#output.send(m.readyForQuery);
  }

  #extended(type: string, body: Body): Promise<void> {
    switch (type) {
      case 'P':
        return this.#parse(body);
      case 'B':
        return this.#bind(body);
      case 'D':
        return this.#describe(body);
      case 'E':
        return this.#execute(body);
      default:
        return this.#close(body);
    }
  }

  async #parse(body: Body): Promise<void> {
    const name = body.cstring();
    const text = body.cstring();
    // Types of parameters: a driver may tell them; without parameters they mean nothing.
    body.skip(body.uint16() * 4);
    body.end();
    if (name !== '' && this.#statements.has(name)) {
      throw new WireError('42P05', `prepared statement "${name}" already exists`);
    }
    if (this.#statements.size >= MAX_PREPARED) {
      throw new WireError('53400', `more than ${MAX_PREPARED} prepared statements`);
    }
    const [prepared, another] = prepare(text);
    if (another !== undefined) {
      throw new WireError('42601', 'cannot insert multiple commands into a prepared statement');
    }
    this.#statements.set(name, prepared ?? null);
    await this.#output.send(m.parseComplete);
  }

  async #bind(body: Body): Promise<void> {
    const portal = body.cstring();
    const name = body.cstring();
    body.skip(body.uint16() * 2);
    const parameters = body.uint16();
    for (let index = 0; index < parameters; index++) body.skip(Math.max(body.int32(), 0));
    const formats = Array.from({ length: body.uint16() }, () => body.uint16());
    body.end();
    const prepared = this.#statement(name);
    if (parameters > 0) {
      throw new WireError(
        '08P01',
        `bind message supplies ${parameters} parameters, but the statement takes none`,
      );
    }
    if (formats.some((format) => format !== 0)) {
      throw new HoldfastError('unsupported', 'results in binary format are not supported', {
        hint: 'Ask for text results, or use the simple query protocol.',
      });
    }
    if (portal !== '' && this.#portals.has(portal)) {
      throw new WireError('42P03', `portal "${portal}" already exists`);
    }
    if (this.#portals.size >= MAX_PREPARED) throw new WireError('53400', `more than ${MAX_PREPARED} portals`);
    this.#portals.set(portal, { prepared, answer: null, sent: 0 });
    await this.#output.send(m.bindComplete);
  }

  async #describe(body: Body): Promise<void> {
    const { isStatement, name } = this.#subject(body);
    const prepared = isStatement ? this.#statement(name) : this.#portal(name).prepared;
    if (isStatement) await this.#output.send(m.parameterDescription);
    await this.#output.send(m.rowDescription(prepared?.columns ?? []));
  }

  async #execute(body: Body): Promise<void> {
    const name = body.cstring();
    const limit = body.int32();
    body.end();
    const portal = this.#portal(name);
    if (portal.prepared === null) return this.#output.send(m.emptyQueryResponse);
    if (portal.answer !== null && portal.sent >= portal.answer.rows.length) {
      // Running it again would start a second job.
      throw new WireError('55000', `portal "${name}" cannot be run`);
    }
    portal.answer ??= await this.#run(portal.prepared);
    const { rows, tag } = portal.answer;
    const end = limit > 0 ? Math.min(portal.sent + limit, rows.length) : rows.length;
    await this.#rows(rows.slice(portal.sent, end));
    portal.sent = end;
    await this.#output.send(end < rows.length ? m.portalSuspended : m.commandComplete(tag));
  }

  async #close(body: Body): Promise<void> {
    const { isStatement, name } = this.#subject(body);
    // Closing what is not there is fine, says the protocol.
    if (isStatement) this.#statements.delete(name);
    else this.#portals.delete(name);
    await this.#output.send(m.closeComplete);
  }

  /** Which statement (`S`) or portal (`P`) a Describe or Close is about. */
  #subject(body: Body): { isStatement: boolean; name: string } {
    const kind = String.fromCharCode(body.byte());
    const name = body.cstring();
    body.end();
    if (kind !== 'S' && kind !== 'P')
      throw new WireError(PROTOCOL_VIOLATION, 'neither a statement nor a portal');
    return { isStatement: kind === 'S', name };
  }

  #statement(name: string): Prepared | null {
    const prepared = this.#statements.get(name);
    if (prepared === undefined) throw new WireError('26000', `prepared statement "${name}" does not exist`);
    return prepared;
  }

  #portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new WireError('34000', `portal "${name}" does not exist`);
    return portal;
  }

  async #run(prepared: Prepared): Promise<Answer> {
    if (this.#ended) throw new HoldfastError('canceled', 'the client is gone');
    const { cluster, user, runner } = this.#options;
    const controller = new AbortController();
    this.#running = controller;
    try {
      return await prepared.run(runner, {
        cluster,
        user,
        signal: controller.signal,
        notice: (text, severity = 'NOTICE') => this.#output.offer(m.noticeResponse(severity, text)),
      });
    } finally {
      this.#running = null;
    }
  }

  async #rows(rows: readonly (readonly (string | null)[])[]): Promise<void> {
    for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
      await this.#output.send(Buffer.concat(rows.slice(at, at + ROWS_AT_ONCE).map(m.dataRow)));
    }
  }

  async #fail(error: unknown): Promise<void> {
    await this.#output.send(
      m.errorResponse(fieldsOf(error, 'ERROR', { logger: this.#options.logger, what: 'a statement failed' })),
    );
  }
}
