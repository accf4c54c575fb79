import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { encode, int16, int32, MessageReader, text, value } from './messages.ts';
import { type Answer, type Part, type Recording, type Request, requestKey } from './recording.ts';
import { recordedAddress } from './recorder.ts';
import { RequestReader } from './requests.ts';

/** A cluster that answers from a recording. What isn't in there is refused, by name, and listed in `unknown`. */
export class ReplayedCluster {
  readonly #answers: Map<string, Answer[]>;
  readonly #served = new Map<string, number>();
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #ports: number[] = [];
  /** Requests that the recording doesn't have. */
  readonly unknown: string[] = [];

  private constructor(recording: Recording) {
    this.#answers = new Map(recording.exchanges.map(({ request, answers }) => [request, answers]));
  }

  /** A server for each of so many nodes, on ports of 127.0.0.1. */
  static async start(recording: Recording, nodes: number): Promise<ReplayedCluster> {
    const cluster = new ReplayedCluster(recording);
    for (let node = 1; node <= nodes; node++) {
      const server = createServer((socket) => cluster.#serve(socket, node));
      cluster.#servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      cluster.#ports.push((server.address() as AddressInfo).port);
    }
    return cluster;
  }

  /** host:port of a node's SQL. */
  address(node: number): string {
    return `127.0.0.1:${this.#ports[node - 1]}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #serve(socket: Socket, node: number): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const messages = new MessageReader('client');
    const requests = new RequestReader(node);
    socket.on('data', (chunk) => {
      for (const message of messages.read(chunk)) {
        const request = requests.take(message);
        if (message.kind === 'startup') socket.write(WELCOME);
        else if (message.kind === 'X') socket.end();
        else if (request !== null)
          socket.write(this.#encode(this.#answerTo(request), request.parameters !== null));
      }
    });
  }

  #answerTo(request: Request): Answer {
    const key = requestKey(request);
    const answers = this.#answers.get(key);
    const served = this.#served.get(key) ?? 0;
    this.#served.set(key, served + 1);
    const answer = answers?.[Math.min(served, answers.length - 1)];
    if (answer !== undefined) return answer;
    this.unknown.push(key);
    const fields = { S: 'ERROR', C: 'XX000', M: `the recording has no answer to ${key}` };
    return { parts: [{ kind: 'error', fields }], status: request.within === null ? 'I' : 'E' };
  }

  #encode({ parts, status }: Answer, extended: boolean): Buffer {
    const encoded = parts.flatMap((part) => this.#encodePart(part));
    const accepted = extended && parts[0]?.kind !== 'error';
    if (accepted)
      encoded.unshift(encode('1'), encode('2'), ...(parts[0]?.kind === 'rows' ? [] : [encode('n')]));
    return Buffer.concat([...encoded, encode('Z', Buffer.from(status))]);
  }

  #encodePart(part: Part): Buffer[] {
    switch (part.kind) {
      case 'rows':
        return [
          encode('T', int16(part.columns.length), ...part.columns.flatMap(encodeColumn)),
          ...part.rows.map((row) =>
            encode('D', int16(row.length), ...row.map((field) => value(this.#here(field)))),
          ),
        ];
      case 'done':
        return [encode('C', text(part.tag))];
      case 'empty':
        return [encode('I')];
      case 'error':
        return [
          encode(
            'E',
            ...Object.entries(part.fields).map(([letter, field]) =>
              text(`${letter}${this.#here(field) ?? ''}`),
            ),
            Buffer.from([0]),
          ),
        ];
    }
  }

  /** With the nodes' recorded addresses replaced by where they are now. */
  #here(field: string | null): string | null {
    return field === null
      ? null
      : this.#ports.reduce(
          (found, _port, at) => found.replaceAll(recordedAddress(at + 1), this.address(at + 1)),
          field,
        );
  }
}

/** A column's name and type; the rest says nothing, and all values are texts. */
function encodeColumn([name, oid]: [string, number]): Buffer[] {
  return [text(name), int32(0), int16(0), int32(oid), int16(-1), int32(-1), int16(0)];
}

/** Authenticated, a cancel key that nobody uses, ready. */
const WELCOME = Buffer.concat([
  encode('R', int32(0)),
  encode('S', text('server_version'), text('13.0.0')),
  encode('S', text('client_encoding'), text('UTF8')),
  encode('K', int32(1), int32(1)),
  encode('Z', Buffer.from('I')),
]);
