import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { encode, Fields, int16, type Message, MessageReader, value } from './messages.ts';
import { type Answer, type Part, type Recording, type Request, requestKey } from './recording.ts';
import { RequestReader } from './requests.ts';

/** What stands in a recording for the address of a node's SQL, whatever port it had. */
export function recordedAddress(node: number): string {
  return `node-${node}.recorded:26257`;
}

/**
 * Stands between the adapter and each node of a cluster and notes what is asked and answered. In what the cluster says,
 * the nodes' addresses become the recorder's own, so that the adapter comes through here for every node.
 */
export class Recorder {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** The node's real address, ours, and the one that is noted. */
  readonly #addresses: { real: string; ours: string; noted: string }[] = [];
  readonly #answers = new Map<string, Answer[]>();

  /** `nodes` are host:port of their SQL, in the order of their ids. */
  static async start(nodes: string[]): Promise<Recorder> {
    const recorder = new Recorder();
    for (const [at, real] of nodes.entries()) {
      const server = createServer((client) => recorder.#join(client, at + 1, real));
      recorder.#servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      recorder.#addresses.push({ real, ours: `127.0.0.1:${port}`, noted: recordedAddress(at + 1) });
    }
    return recorder;
  }

  /** host:port of what stands for that node. */
  address(node: number): string {
    return this.#addresses[node - 1]?.ours ?? '';
  }

  /** All that was noted; equal answers to the same request that follow each other are one. */
  exchanges(): Recording['exchanges'] {
    return [...this.#answers].map(([request, answers]) => ({
      request,
      answers: answers.filter((answer, at) => JSON.stringify(answer) !== JSON.stringify(answers[at - 1])),
    }));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #join(client: Socket, node: number, real: string): void {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(real) ?? [];
    const server = connect(Number(port), host);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    const requests = new RequestReader(node);
    const asked = new MessageReader('client');
    const answered = new MessageReader('server');
    // pg sends a request when the last one is answered.
    let request: Request | null = null;
    let parts: Part[] = [];
    client.on('data', (chunk) => {
      server.write(chunk);
      for (const message of asked.read(chunk)) request = requests.take(message) ?? request;
    });
    server.on('data', (chunk) => {
      for (const message of answered.read(chunk)) {
        client.write(this.#readdressed(message));
        if (message.kind !== 'Z') addPart(parts, message, (field) => this.#noted(field));
        else {
          if (request !== null)
            this.#note(request, { parts, status: message.body.toString() as Answer['status'] });
          parts = [];
          request = null;
        }
      }
    });
  }

  #note(request: Request, answer: Answer): void {
    const key = requestKey(request);
    this.#answers.set(key, [...(this.#answers.get(key) ?? []), answer]);
  }

  #readdressed({ kind, body }: Message): Buffer {
    if (kind !== 'D' || !this.#addresses.some(({ real }) => body.includes(real))) return encode(kind, body);
    const row = readRow(body).map((field) => this.#replace(field, ({ real, ours }) => [real, ours]));
    return encode('D', int16(row.length), ...row.map(value));
  }

  #noted(field: string | null): string | null {
    return this.#replace(field, ({ real, noted }) => [real, noted]);
  }

  #replace(
    field: string | null,
    pair: (address: { real: string; ours: string; noted: string }) => [string, string],
  ) {
    return field === null
      ? null
      : this.#addresses.reduce((replaced, address) => replaced.replaceAll(...pair(address)), field);
  }
}

function addPart(
  parts: Part[],
  { kind, body }: Message,
  noted: (field: string | null) => string | null,
): void {
  const fields = new Fields(body);
  const last = parts.at(-1);
  switch (kind) {
    case 'T':
      parts.push({ kind: 'rows', columns: readColumns(fields), rows: [] });
      break;
    case 'D':
      if (last?.kind === 'rows') last.rows.push(readRow(body).map(noted));
      break;
    case 'C':
      parts.push({ kind: 'done', tag: fields.text() });
      break;
    case 'I':
      parts.push({ kind: 'empty' });
      break;
    case 'E':
      parts.push({ kind: 'error', fields: readError(fields, noted) });
      break;
  }
}

function readColumns(fields: Fields): [string, number][] {
  return Array.from({ length: fields.int16() }, () => {
    const name = fields.text();
    fields.skip(6);
    const oid = fields.int32();
    fields.skip(8);
    return [name, oid] as [string, number];
  });
}

function readRow(body: Buffer): (string | null)[] {
  const fields = new Fields(body);
  return Array.from({ length: fields.int16() }, () => fields.value());
}

/** Without the place in the server's source, which tells nothing. */
function readError(fields: Fields, noted: (field: string | null) => string | null): Record<string, string> {
  const found: Record<string, string> = {};
  for (let letter = fields.letter(); letter !== '\0' && letter !== ''; letter = fields.letter()) {
    const text = fields.text();
    if (!'FLR'.includes(letter)) found[letter] = noted(text) ?? '';
  }
  return found;
}
