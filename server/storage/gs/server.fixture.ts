/**
 * A process that speaks the JSON API of Google Cloud Storage, as far as objects go, with files in a directory: for tests.
 * There is none on npm that knows resumable uploads. What it does follows
 * https://cloud.google.com/storage/docs/performing-resumable-uploads and https://cloud.google.com/storage/docs/json_api/v1.
 *
 * Arguments: a directory, and the PEM of the public key that tokens have to be signed for ('' where none are wanted). Prints
 * its port. `GET /-/sessions?prefix=…` answers how many resumable uploads of such names are open.
 */
import { createHash, createVerify, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, truncate } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

interface StoredObject {
  name: string;
  generation: number;
  size: number;
  md5Hash: string;
  metadata: Record<string, string>;
  file: string;
}
interface Session {
  bucket: string;
  name: string;
  ifNew: boolean;
  metadata: Record<string, string>;
  md5: ReturnType<typeof createHash>;
  /** How much of it is on disk. */
  kept: number;
  /** What it became: who asks again, since the answer was lost, is told. */
  object: StoredObject | null;
  file: string;
}

class Refusal extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

const QUANTUM = 256 * 1024;
const [directory = '', publicKey = ''] = process.argv.slice(2);
const buckets = new Map<string, Map<string, StoredObject>>([['bucket', new Map()]]);
const sessions = new Map<string, Session>();
let generation = 1_700_000_000_000_000;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', 'http://localhost');
  if (url.pathname === '/-/sessions') {
    const prefix = url.searchParams.get('prefix') ?? '';
    const open = [...sessions.values()].filter(
      ({ object, name }) => object === null && name.startsWith(prefix),
    );
    return reply(response, 200, open.length);
  }
  const session = url.searchParams.get('upload_id');
  // Whoever has a session's URL may write: it needs no token.
  if (session !== null) return continueUpload(request, response, session);
  authenticate(request);
  const [, upload, bucketName = '', name] =
    /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  const bucket = buckets.get(decodeURIComponent(bucketName));
  if (bucket === undefined) throw new Refusal(404, 'notFound', 'The specified bucket does not exist.');
  if (upload !== undefined) return begin(request, response, url, decodeURIComponent(bucketName), bucket);
  if (name === undefined) return reply(response, 200, listing(bucket, url.searchParams));
  const object = bucket.get(decodeURIComponent(name));
  if (object === undefined)
    throw new Refusal(404, 'notFound', `No such object: ${bucketName}/${decodeURIComponent(name)}`);
  if (request.method === 'DELETE') {
    const only = url.searchParams.get('ifGenerationMatch');
    if (only !== null && only !== String(object.generation)) throw preconditionFailed();
    bucket.delete(object.name);
    await rm(object.file);
    response.writeHead(204).end();
    return;
  }
  if (url.searchParams.get('alt') !== 'media') return reply(response, 200, resource(object));
  await media(request, response, object);
}

function authenticate(request: IncomingMessage): void {
  if (publicKey === '') return;
  const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [head = '', claims = '', signature = ''] = token.split('.');
  const verified = createVerify('RSA-SHA256')
    .update(`${head}.${claims}`)
    .verify(publicKey, Buffer.from(signature, 'base64url'));
  if (!verified) throw new Refusal(401, 'authError', 'Invalid Credentials');
  const { exp, scope } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    exp: number;
    scope?: string;
  };
  if (exp * 1000 < Date.now() || scope?.includes('devstorage') !== true)
    throw new Refusal(401, 'authError', 'Invalid Credentials');
}

function listing(bucket: Map<string, StoredObject>, query: URLSearchParams): object {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('pageToken');
  const names = [...bucket.keys()]
    .filter((name) => name.startsWith(prefix) && (after === null || name > after))
    .sort();
  // Less than what may be asked for, so that there are pages to turn.
  const page = names.slice(0, Math.min(Number(query.get('maxResults') ?? 1000), 100));
  const items = page.flatMap((name) => bucket.get(name) ?? []).map(resource);
  return { items, ...(page.length < names.length ? { nextPageToken: page.at(-1) } : {}) };
}

function resource({ name, generation: at, size, md5Hash, metadata }: StoredObject): object {
  return { kind: 'storage#object', name, generation: String(at), size: String(size), md5Hash, metadata };
}

async function media(
  request: IncomingMessage,
  response: ServerResponse,
  object: StoredObject,
): Promise<void> {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined) {
    response.writeHead(200, { 'content-length': object.size });
    await pipeline(createReadStream(object.file), response);
    return;
  }
  const start = Number(from);
  if (start >= object.size)
    throw new Refusal(416, 'requestedRangeNotSatisfiable', 'Request range not satisfiable');
  const end = Math.min(to === '' || to === undefined ? Infinity : Number(to), object.size - 1);
  response.writeHead(206, {
    'content-length': end - start + 1,
    'content-range': `bytes ${start}-${end}/${object.size}`,
  });
  await pipeline(createReadStream(object.file, { start, end }), response);
}

async function begin(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  bucketName: string,
  bucket: Map<string, StoredObject>,
): Promise<void> {
  const ifNew = url.searchParams.get('ifGenerationMatch') === '0';
  const name = url.searchParams.get('name') ?? '';
  if (url.searchParams.get('uploadType') === 'resumable') {
    const { metadata = {} } = JSON.parse((await buffer(request)).toString() || '{}') as {
      metadata?: Record<string, string>;
    };
    if (ifNew && bucket.has(name)) throw preconditionFailed();
    const id = randomUUID();
    const md5 = createHash('md5');
    sessions.set(id, {
      bucket: bucketName,
      name,
      ifNew,
      metadata,
      md5,
      kept: 0,
      object: null,
      file: path.join(directory, id),
    });
    response.setHeader(
      'location',
      `http://${request.headers.host}/upload/storage/v1/b/${bucketName}/o?uploadType=resumable&upload_id=${id}`,
    );
    response.writeHead(200).end();
    return;
  }
  const { head, bytes } = multipart(await buffer(request), request.headers['content-type'] ?? '');
  const md5Hash = createHash('md5').update(bytes).digest('base64');
  if (head.md5Hash !== undefined && head.md5Hash !== md5Hash) throw damaged(head.md5Hash, md5Hash);
  if (ifNew && bucket.has(head.name)) throw preconditionFailed();
  const file = path.join(directory, randomUUID());
  await pipeline([bytes], createWriteStream(file));
  if (ifNew && bucket.has(head.name)) throw preconditionFailed();
  reply(response, 200, resource(store(bucket, { ...head, size: bytes.length, md5Hash, file })));
}

function multipart(
  body: Buffer,
  contentType: string,
): { head: { name: string; md5Hash?: string; metadata: Record<string, string> }; bytes: Buffer } {
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1] ?? '';
  const blank = Buffer.from('\r\n\r\n');
  const firstBlank = body.indexOf(blank);
  const secondBoundary = body.indexOf(`\r\n--${boundary}`, firstBlank);
  const secondBlank = body.indexOf(blank, secondBoundary);
  const end = body.lastIndexOf(`\r\n--${boundary}--`);
  if (firstBlank < 0 || secondBoundary < 0 || secondBlank < 0 || end < 0)
    throw new Refusal(400, 'badRequest', 'Malformed multipart body.');
  return {
    head: JSON.parse(body.subarray(firstBlank + 4, secondBoundary).toString()) as {
      name: string;
      metadata: Record<string, string>;
    },
    bytes: body.subarray(secondBlank + 4, end),
  };
}

async function continueUpload(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
  const session = sessions.get(id);
  if (session === undefined) throw new Refusal(404, 'notFound', 'No such upload.');
  if (session.object !== null) {
    request.resume();
    return reply(response, 200, resource(session.object));
  }
  if (request.method === 'DELETE') {
    sessions.delete(id);
    await rm(session.file, { force: true });
    response.writeHead(499).end();
    return;
  }
  const [, start, end, total] =
    /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(request.headers['content-range'] ?? '') ?? [];
  if (total === undefined) throw new Refusal(400, 'invalid', 'Invalid Content-Range.');
  if (start !== undefined && end !== undefined) {
    if (Number(start) !== session.kept) {
      request.resume();
      return incomplete(response, session);
    }
    await keep(request, session, total !== '*' && Number(end) + 1 === Number(total));
  }
  if (total === '*' || session.kept < Number(total)) return incomplete(response, session);
  const bucket = buckets.get(session.bucket);
  const md5Hash = session.md5.copy().digest('base64');
  const said = /md5=([^,]+)/.exec(String(request.headers['x-goog-hash'] ?? ''))?.[1];
  if (said !== undefined && said !== md5Hash) throw damaged(said, md5Hash);
  if (bucket === undefined || (session.ifNew && bucket.has(session.name))) throw preconditionFailed();
  const { name, metadata, kept: size } = session;
  const file = `${session.file}.whole`;
  if (size === 0) await pipeline([], createWriteStream(session.file));
  const object = store(bucket, { name, metadata, size, md5Hash, file });
  await rename(session.file, file);
  session.object = object;
  reply(response, 200, resource(object));
}

/** Of a chunk that breaks off, a multiple of 256 KiB is kept. */
async function keep(request: IncomingMessage, session: Session, last: boolean): Promise<void> {
  const out = createWriteStream(session.file, { flags: 'a' });
  const kept: Buffer[] = [];
  let broken = false;
  try {
    for await (const chunk of request) kept.push(chunk as Buffer);
  } catch {
    broken = true;
  }
  const all = Buffer.concat(kept);
  const whole = last && !broken ? all : all.subarray(0, all.length - (all.length % QUANTUM));
  await pipeline([whole], out);
  session.md5.update(whole);
  session.kept += whole.length;
  await truncate(session.file, session.kept);
}

function incomplete(response: ServerResponse, { kept }: Session): void {
  if (kept > 0) response.setHeader('range', `bytes=0-${kept - 1}`);
  response.writeHead(308, { 'content-length': 0 }).end();
}

function store(bucket: Map<string, StoredObject>, object: Omit<StoredObject, 'generation'>): StoredObject {
  const stored = { ...object, generation: ++generation };
  bucket.set(object.name, stored);
  return stored;
}

function preconditionFailed(): Refusal {
  return new Refusal(
    412,
    'conditionNotMet',
    'At least one of the pre-conditions you specified did not hold.',
  );
}

function damaged(said: string, found: string): Refusal {
  return new Refusal(
    400,
    'invalid',
    `Provided MD5 hash "${said}" doesn't match calculated MD5 hash "${found}".`,
  );
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

await mkdir(directory, { recursive: true });
const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    request.resume();
    const { status, reason, message } =
      error instanceof Refusal ? error : new Refusal(500, 'backendError', String(error));
    reply(response, status, {
      error: { code: status, message, errors: [{ domain: 'global', reason, message }] },
    });
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it is gone.
process.stdin.resume().on('end', () => process.exit());
