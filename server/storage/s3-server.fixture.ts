/**
 * S3 in a process of its own: s3rver (https://github.com/20minutes/s3rver) with what it lacks of the real service put before it.
 * What was added, and where it is described:
 *
 * - Conditional writes, `If-None-Match: *` on PutObject and CompleteMultipartUpload: s3rver ignores the header.
 *   https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * - Objects that appear at once: s3rver writes into the object itself, so that readers see half of it and an upload that breaks off
 *   leaves half of it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
 * - Multipart uploads that can be listed and aborted, that refuse parts once they are gone, and that check at their end which parts
 *   they are made of: s3rver has no AbortMultipartUpload, ListParts and ListMultipartUploads, and makes an upload of any part.
 * - CRC-32 checksums of requests: a body that doesn't match is refused, as `BadDigest`.
 * - Listings in pages: s3rver makes its tokens with DES, which OpenSSL 3 no longer has. Here they are what comes last.
 * - The first byte alone, `Range: bytes=0-0`: s3rver takes that 0 for the end of the file.
 * - Signatures of virtual-host requests, and of queries with quotes and parentheses, which s3rver computes otherwise than
 *   https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; no request without one; session tokens.
 * - Rights, regions, a clock that is off, and faults, as a test asks for them (s3-server.ts).
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { PLAIN, type Behaviour, type Fault, type Order, type Report, type Seen } from './s3-server.ts';

const require = createRequire(import.meta.url);

interface Context {
  method: string;
  /** Encoded, with the bucket in front, also where that stood in the host's name. */
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  req: IncomingMessage;
  res: ServerResponse;
  /** With the body, where that is XML. */
  request: { body?: { CompleteMultipartUpload: { Part: CompletedPart | CompletedPart[] } } };
  state: { vhost: boolean };
  store: FileStore;
  status: number;
  body: unknown;
  respond: boolean;
  set: (name: string, value: string) => void;
}
interface CompletedPart {
  ChecksumCRC32?: string;
}
interface S3Object {
  bucket: string;
  key: string;
  content: Readable | null;
  metadata: Record<string, string | undefined>;
  range?: { start: number; end: number };
}
interface FileStore {
  getResourcePath(bucket: string, key: string | undefined, resource: string): string;
  getMetadata(bucket: string, key: string): Promise<Record<string, string>>;
}
interface App {
  middleware: ((context: Context, next: () => Promise<void>) => Promise<void>)[];
  on(event: 'error', listener: () => void): void;
  run(): Promise<AddressInfo>;
}

const S3rver = require('@20minutes/s3rver') as new (options: Record<string, unknown>) => App;
const FilesystemStore = require('@20minutes/s3rver/lib/stores/filesystem.js') as new (
  root: string,
) => FileStore;
const S3Object = require('@20minutes/s3rver/lib/models/object.js') as new (
  bucket: string,
  key: string,
  content: Readable | null,
  metadata: Record<string, string | undefined>,
) => S3Object;
const S3Error = require('@20minutes/s3rver/lib/models/error.js') as new (
  code: string,
  message: string,
  detail?: Record<string, string>,
) => Error & { status: number };
const v4 = require('@20minutes/s3rver/lib/signature/v4.js') as {
  parseHeader(headers: IncomingHttpHeaders): {
    accessKeyId: string;
    credential: { date: string; region: string; service: string };
    signatureProvided: string;
  };
  getStringToSign(canonical: Record<string, unknown>, request: unknown): string;
  getSigningKey(secret: string, date: string, region: string, service: string): Buffer;
};

const [root = ''] = process.argv.slice(2);
const KEYS: Readonly<Record<string, { secret: string; token?: string }>> = {
  HOLDFASTKEY: { secret: 'holdfast+secret/key=' },
  TEMPORARYKEY: { secret: 'temporary+secret/key=', token: 'session+token/of=temporary==' },
};
/** The smallest part that isn't the last: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const SMALLEST_PART = 5 * 1024 * 1024;
const OBJECT = '._S3rver_object';

const behaviours = new Map<string, Behaviour>();
const seen: Seen[] = [];

/** s3rver's files, written so that they appear at once, under what the request asks for. */
class RequestStore extends FilesystemStore {
  readonly #context: Context;
  readonly #behaviour: Behaviour;

  constructor(context: Context, behaviour: Behaviour) {
    super(root);
    this.#context = context;
    this.#behaviour = behaviour;
  }

  async putObject(object: S3Object): Promise<{ size: number; md5: string }> {
    if (this.#conditional) this.#refuseTaken(object);
    const staged = await stage(object.content ?? Readable.from([]));
    try {
      // A body of parts was checked part by part.
      if (this.#context.method === 'PUT') this.#check(staged.crc32);
      await this.#holdUp();
      const path = this.getResourcePath(object.bucket, object.key, 'object');
      // From here on nothing else runs until it is there.
      if (this.#conditional) this.#refuseTaken(object);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(
        this.getResourcePath(object.bucket, object.key, 'metadata.json'),
        JSON.stringify(object.metadata),
      );
      writeFileSync(`${path}.md5`, staged.md5);
      renameSync(staged.path, path);
      return { size: staged.size, md5: staged.md5 };
    } finally {
      await rm(staged.path, { force: true });
    }
  }

  async getObject(
    bucket: string,
    key: string,
    asked: { start?: number; end?: number },
  ): Promise<S3Object | null> {
    const metadata = await this.getMetadata(bucket, key).catch(() => null);
    if (metadata === null) return null;
    const last = Number(metadata['content-length']) - 1;
    const range = { start: asked.start ?? 0, end: Math.min(asked.end ?? Infinity, last) };
    const ranged = asked.start !== undefined;
    // An empty object has no first byte, but it can be had.
    const empty = last < 0 && !ranged;
    const content = empty
      ? Readable.from([])
      : range.start > range.end
        ? null
        : createReadStream(this.getResourcePath(bucket, key, 'object'), range);
    const object = new S3Object(bucket, key, content, metadata);
    if (ranged) object.range = range;
    return object;
  }

  async deleteObject(bucket: string, key: string): Promise<void> {
    for (const resource of ['object', 'object.md5', 'metadata.json'])
      rmSync(this.getResourcePath(bucket, key, resource), { force: true });
    for (let at = key; at.includes('/');) {
      at = at.slice(0, at.lastIndexOf('/'));
      try {
        rmdirSync(join(root, bucket, at));
      } catch {
        return;
      }
    }
  }

  async initiateUpload(
    bucket: string,
    key: string,
    id: string,
    metadata: IncomingHttpHeaders,
  ): Promise<void> {
    await this.#holdUp();
    const directory = uploadPath(bucket, id);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'key'), key);
    await writeFile(join(directory, 'metadata'), JSON.stringify(metadata));
  }

  async putPart(
    bucket: string,
    id: string,
    number: string,
    content: Readable,
  ): Promise<{ size: number; md5: string }> {
    if (!existsSync(uploadPath(bucket, id))) throw noSuchUpload(id);
    if (Number(number) > 10_000)
      throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
    const staged = await stage(content);
    try {
      this.#check(staged.crc32);
      await this.#holdUp();
      if (!existsSync(uploadPath(bucket, id))) throw noSuchUpload(id);
      const checksum = await this.#checksumOf(bucket, id);
      renameSync(staged.path, join(uploadPath(bucket, id), `${number}.${staged.md5}${checksum}`));
      return staged;
    } finally {
      await rm(staged.path, { force: true });
    }
  }

  async putObjectMultipart(
    bucket: string,
    id: string,
    parts: { number: number; etag: string }[],
  ): Promise<{ size: number; md5: string }> {
    const directory = uploadPath(bucket, id);
    if (!existsSync(directory)) throw noSuchUpload(id);
    const key = await readFile(join(directory, 'key'), 'utf8');
    const checksums = [this.#context.request.body?.CompleteMultipartUpload.Part ?? []]
      .flat()
      .map(({ ChecksumCRC32 = '' }) => Buffer.from(ChecksumCRC32, 'base64').toString('hex'));
    const files = parts.map(({ number, etag }, index) =>
      join(directory, `${number}.${etag}${checksums[index] ?? ''}`),
    );
    for (const [index, file] of files.entries()) {
      const size = await stat(file).then(
        ({ size }) => size,
        () => null,
      );
      if (size === null)
        throw new S3Error('InvalidPart', 'One or more of the specified parts could not be found.');
      if (size < SMALLEST_PART && index < files.length - 1)
        throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
      if (index > 0 && (parts[index]?.number ?? 0) <= (parts[index - 1]?.number ?? 0))
        throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    async function* joined(): AsyncGenerator<Buffer> {
      for (const file of files) for await (const chunk of createReadStream(file)) yield chunk as Buffer;
    }
    const metadata = JSON.parse(await readFile(join(directory, 'metadata'), 'utf8')) as Record<
      string,
      string
    >;
    const result = await this.putObject(new S3Object(bucket, key, Readable.from(joined()), metadata));
    await rm(directory, { recursive: true, force: true });
    return result;
  }

  get #conditional(): boolean {
    return this.#behaviour.conditional === 'honoured' && this.#context.headers['if-none-match'] === '*';
  }

  #refuseTaken({ bucket, key }: S3Object): void {
    if (existsSync(this.getResourcePath(bucket, key, 'object')))
      throw new S3Error(
        'PreconditionFailed',
        'At least one of the pre-conditions you specified did not hold',
        {
          Condition: 'If-None-Match',
        },
      );
  }

  #check(found: number): void {
    const said = this.#context.headers['x-amz-checksum-crc32'];
    const expected = Buffer.alloc(4);
    expected.writeUInt32BE(found);
    if (
      this.#behaviour.checksums === 'checked' &&
      typeof said === 'string' &&
      said !== expected.toString('base64')
    )
      throw new S3Error('BadDigest', 'The CRC32 you specified did not match what we received.');
  }

  /**
   * Parts have checksums where their upload was made for them, and only there; the end has to repeat them:
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
   */
  async #checksumOf(bucket: string, id: string): Promise<string> {
    const file = join(uploadPath(bucket, id), 'metadata');
    const metadata = JSON.parse(await readFile(file, 'utf8')) as IncomingHttpHeaders;
    const wanted = metadata['x-amz-checksum-algorithm'] !== undefined;
    const given = this.#context.headers['x-amz-checksum-crc32'];
    if (this.#behaviour.checksums !== 'checked') return '';
    if (wanted !== (given !== undefined))
      throw new S3Error('InvalidRequest', 'Checksum Type mismatch occurred.');
    if (!wanted) return '';
    this.#context.set('x-amz-checksum-crc32', String(given));
    return Buffer.from(String(given), 'base64').toString('hex');
  }

  async #holdUp(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#behaviour.slowMs));
  }
}

/** Where bodies are put while they come in: not in any bucket. */
const STAGING = join(root, '..', 'staging');

interface Staged {
  path: string;
  size: number;
  md5: string;
  crc32: number;
}

/** A body that breaks off leaves nothing. */
async function stage(body: Readable): Promise<Staged> {
  const path = join(STAGING, randomUUID());
  const md5 = createHash('md5');
  const found = { size: 0, crc32: 0 };
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      md5.update(chunk);
      found.size += chunk.length;
      found.crc32 = crc32(chunk, found.crc32);
      done(null, chunk);
    },
  });
  try {
    await pipeline(body, measure, createWriteStream(path));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, ...found, md5: md5.digest('hex') };
}

function uploadPath(bucket: string, id: string): string {
  return join(root, bucket, '._S3rver_uploads', id);
}

function noSuchUpload(id: string): Error {
  return new S3Error('NoSuchUpload', 'The specified upload does not exist.', { UploadId: id });
}

interface Asked {
  operation: string;
  bucket: string;
  key: string;
}

function read({ method, path, query }: Context): Asked {
  const [bucket = '', ...rest] = path.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  return { bucket, key, operation: operationOf(method, key, query) };
}

function operationOf(method: string, key: string, query: Record<string, string>): string {
  if (key === '') return 'uploads' in query ? 'ListMultipartUploads' : 'ListObjectsV2';
  const uploading = 'uploadId' in query;
  switch (method) {
    case 'HEAD':
      return 'HeadObject';
    case 'GET':
      return uploading ? 'ListParts' : 'GetObject';
    case 'DELETE':
      return uploading ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      return uploading ? 'CompleteMultipartUpload' : 'CreateMultipartUpload';
    default:
      return uploading ? 'UploadPart' : 'PutObject';
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
const RIGHTS: Readonly<Record<string, string>> = {
  HeadObject: 's3:GetObject',
  GetObject: 's3:GetObject',
  DeleteObject: 's3:DeleteObject',
  ListObjectsV2: 's3:ListBucket',
  ListParts: 's3:ListMultipartUploadParts',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
};

async function front(context: Context, next: () => Promise<void>): Promise<void> {
  const asked = read(context);
  const behaviour = behaviours.get(asked.bucket) ?? PLAIN;
  const { headers } = context;
  const { authorization: _, ...kept } = headers;
  seen.push({ ...asked, headers: kept as Record<string, string> });
  const fault = behaviour.faults.find(({ operation, times }) => operation === asked.operation && times > 0);
  if (fault !== undefined) {
    fault.times--;
    if (await failed(context, fault)) return;
  }
  authenticate(context, asked, behaviour);
  authorize(asked, behaviour);
  refuseUnknown(headers, behaviour);
  context.store = new RequestStore(context, behaviour);
  switch (existsSync(join(root, asked.bucket)) ? asked.operation : 'none') {
    case 'AbortMultipartUpload':
      await abortUpload(context, asked);
      break;
    case 'ListParts':
      await listParts(context, asked);
      break;
    case 'ListMultipartUploads':
      if (!behaviour.listsUploads)
        throw new S3Error(
          'NotImplemented',
          'A header you provided implies functionality that is not implemented',
        );
      await listUploads(context, asked);
      break;
    case 'ListObjectsV2':
      await listObjects(context, asked, behaviour);
      break;
    default:
      await next();
  }
  // It was done; nobody is told.
  if (fault?.how === 'lost') cutOff(context);
  if (fault?.how === 'cut' && context.body instanceof Readable) await breakOff(context, context.body, false);
  if (fault?.how === 'hang' && context.body instanceof Readable) await breakOff(context, context.body, true);
}

/** Whether that was all of the answer. */
async function failed(context: Context, { how, retryAfter }: Fault): Promise<boolean> {
  switch (how) {
    case 'busy':
      if (retryAfter !== undefined) context.set('Retry-After', String(retryAfter));
      context.req.resume();
      // s3rver takes headers of answers away from errors.
      context.status = 503;
      context.body = { Error: { Code: 'SlowDown', Message: 'Please reduce your request rate.' } };
      return true;
    case 'conflict':
      context.req.resume();
      context.status = 409;
      context.body = {
        Error: { Code: 'ConditionalRequestConflict', Message: 'A conflicting operation occurred.' },
      };
      return true;
    case 'reset':
      // In the midst of the body.
      context.req.once('data', () => cutOff(context));
      if (context.req.headers['content-length'] === undefined) cutOff(context);
      context.respond = false;
      return true;
    case 'stall':
      context.respond = false;
      context.req.pause();
      return true;
    case 'lost':
    case 'cut':
    case 'hang':
      return false;
  }
}

function cutOff(context: Context): void {
  context.respond = false;
  context.req.socket.resetAndDestroy();
}

/** Half of the body, then the end of the connection or nothing any more. */
async function breakOff(context: Context, body: Readable, hang: boolean): Promise<void> {
  context.respond = false;
  const length = Number(context.res.getHeader('Content-Length'));
  context.res.writeHead(context.status);
  let sent = 0;
  for await (const chunk of body) {
    const part = (chunk as Buffer).subarray(0, Math.floor(length / 2) - sent);
    sent += part.length;
    await new Promise((resolve) => context.res.write(part, resolve));
    if (sent >= Math.floor(length / 2)) break;
  }
  if (!hang) context.req.socket.destroy();
}

function authenticate(
  context: Context,
  { bucket }: Asked,
  { region, clockOffMs, alwaysSkewed }: Behaviour,
): void {
  const { headers, method, path, query } = context;
  if (headers.authorization === undefined) throw new S3Error('AccessDenied', 'Access Denied');
  const request = v4.parseHeader(headers);
  const key = KEYS[request.accessKeyId];
  if (key === undefined)
    throw new S3Error(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      {
        AWSAccessKeyId: request.accessKeyId,
      },
    );
  const time = String(headers['x-amz-date']);
  const now = Date.now() + clockOffMs;
  context.set('Date', new Date(now).toUTCString());
  if (
    alwaysSkewed ||
    Math.abs(now - Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))) > 15 * 60_000
  )
    throw new S3Error(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      {
        RequestTime: time,
        ServerTime: new Date(now).toISOString(),
        MaxAllowedSkewMilliseconds: '900000',
      },
    );
  if (key.token !== headers['x-amz-security-token'])
    throw new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.');
  if (region !== null && request.credential.region !== region) {
    context.set('x-amz-bucket-region', region);
    throw new S3Error(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${request.credential.region}' is wrong; expecting '${region}'`,
      { Region: region },
    );
  }
  const canonical = {
    method,
    uri: encodedPath(context.state.vhost ? path.slice(bucket.length + 1) : path),
    querystring: Object.entries(query)
      .map((pair) => pair.map(encoded).join('='))
      .sort()
      .join('&'),
    headers,
    timestamp: time,
  };
  const stringToSign = v4.getStringToSign(canonical, request);
  const { date, region: signed, service } = request.credential;
  const signature = createHmac('sha256', v4.getSigningKey(key.secret, date, signed, service))
    .update(stringToSign)
    .digest('hex');
  if (signature !== request.signatureProvided)
    throw new S3Error(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      {
        AWSAccessKeyId: request.accessKeyId,
        StringToSign: stringToSign,
        SignatureProvided: request.signatureProvided,
        CanonicalRequest: `x-amz-security-token:${String(headers['x-amz-security-token'])}`,
      },
    );
  // s3rver need not look at it.
  delete headers.authorization;
}

function encodedPath(path: string): string {
  return path
    .split('/')
    .map((part) => encoded(decodeURIComponent(part)))
    .join('/');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function authorize({ operation, bucket, key }: Asked, { denied }: Behaviour): void {
  const right = RIGHTS[operation] ?? 's3:PutObject';
  const missing =
    right === 's3:GetObject' &&
    denied.includes('s3:ListBucket') &&
    !existsSync(join(root, bucket, `${key}${OBJECT}`));
  const lacking = denied.includes(right) ? right : missing ? 's3:ListBucket' : null;
  if (lacking !== null)
    throw new S3Error(
      'AccessDenied',
      `User: arn:aws:iam::111122223333:user/holdfast is not authorized to perform: ${lacking} because no identity-based policy allows the ${lacking} action`,
    );
}

function refuseUnknown(headers: IncomingHttpHeaders, { conditional, checksums }: Behaviour): void {
  if (conditional === 'refused' && headers['if-none-match'] !== undefined)
    throw new S3Error(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented',
    );
  if (checksums === 'refused' && Object.keys(headers).some((name) => /^x-amz-(sdk-)?checksum-/.test(name)))
    throw new S3Error(
      'InvalidArgument',
      "Unsupported header 'x-amz-sdk-checksum-algorithm' received for this API call.",
    );
}

async function abortUpload(context: Context, { bucket }: Asked): Promise<void> {
  const id = context.query['uploadId'] ?? '';
  if (!existsSync(uploadPath(bucket, id))) throw noSuchUpload(id);
  await rm(uploadPath(bucket, id), { recursive: true, force: true });
  context.status = 204;
}

async function listParts(context: Context, { bucket, key }: Asked): Promise<void> {
  const id = context.query['uploadId'] ?? '';
  const files = await readdir(uploadPath(bucket, id)).catch(() => null);
  if (files === null) throw noSuchUpload(id);
  const parts = files.flatMap((file) => /^\d+/.exec(file)?.[0] ?? []);
  answer(context, 'ListPartsResult', [
    ['Bucket', bucket],
    ['Key', key],
    ['UploadId', id],
    ...parts.map((number): Named => ['Part', [['PartNumber', number]]]),
  ]);
}

/** One a page, so that pages are turned. */
async function listUploads(context: Context, { bucket }: Asked): Promise<void> {
  const { prefix = '', 'key-marker': keyMarker = '', 'upload-id-marker': idMarker = '' } = context.query;
  const ids = await readdir(uploadPath(bucket, '')).catch(() => []);
  const uploads: { key: string; id: string }[] = [];
  for (const id of ids) {
    const key = await readFile(join(uploadPath(bucket, id), 'key'), 'utf8').catch(() => null);
    if (key?.startsWith(prefix)) uploads.push({ key, id });
  }
  const place = ({ key, id }: { key: string; id: string }): string => `${key}\0${id}`;
  const rest = uploads
    .filter((upload) => place(upload) > place({ key: keyMarker, id: idMarker }))
    .sort((one, other) => (place(one) < place(other) ? -1 : 1));
  const [first] = rest;
  answer(context, 'ListMultipartUploadsResult', [
    ['Bucket', bucket],
    ['IsTruncated', rest.length > 1],
    ['NextKeyMarker', first?.key ?? ''],
    ['NextUploadIdMarker', first?.id ?? ''],
    ...rest.slice(0, 1).map(({ key, id }): Named => [
      'Upload',
      [
        ['Key', key],
        ['UploadId', id],
      ],
    ]),
  ]);
}

async function listObjects(context: Context, { bucket }: Asked, { pageSize }: Behaviour): Promise<void> {
  const { prefix = '', 'continuation-token': token = '', 'max-keys': most = '1000' } = context.query;
  const after = Buffer.from(token, 'base64');
  const files = await readdir(join(root, bucket), { recursive: true });
  const keys = files
    .filter((file) => file.endsWith(OBJECT))
    .map((file) => Buffer.from(file.slice(0, -OBJECT.length)))
    .filter((key) => key.toString().startsWith(prefix) && key.compare(after) > 0)
    .sort((one, other) => one.compare(other));
  const page = keys.slice(0, Math.min(pageSize, Number(most)));
  const contents: Named[] = [];
  for (const key of page) {
    const size = await stat(join(root, bucket, `${key.toString()}${OBJECT}`)).then(
      ({ size }) => size,
      () => null,
    );
    if (size !== null)
      contents.push([
        'Contents',
        [
          ['Key', key.toString()],
          ['Size', size],
        ],
      ]);
  }
  const more = page.length < keys.length;
  answer(context, 'ListBucketResult', [
    ['Name', bucket],
    ['Prefix', prefix],
    ['KeyCount', contents.length],
    ['IsTruncated', more],
    ...(more ? [['NextContinuationToken', page.at(-1)?.toString('base64') ?? ''] satisfies Named] : []),
    ...contents,
  ]);
}

type Named = [string, string | number | boolean | Named[]];

/** In XML of its own: s3rver escapes names twice. */
function answer(context: Context, ...result: Named): void {
  context.set('Content-Type', 'application/xml');
  context.body = `<?xml version="1.0" encoding="UTF-8"?>\n${xml(result)}`;
}

function xml([element, content]: Named): string {
  const inside = Array.isArray(content)
    ? content.map(xml).join('')
    : String(content).replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<${element}>${inside}</${element}>`;
}

await mkdir(STAGING, { recursive: true });
const app = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: root,
  serviceEndpoint: 'holdfast.test',
});
app.on('error', () => {});
// After s3rver's logging, XML and host names, before its routes.
app.middleware.splice(-1, 0, front);
const { port } = await app.run();

process.on('message', (order: Order) => {
  let report: Report;
  if (order.what === 'behave') {
    behaviours.set(order.bucket, order.behaviour);
    report = { what: 'done' };
  } else report = { what: 'seen', seen: seen.filter(({ bucket }) => bucket === order.bucket) };
  process.send?.(report);
});
process.on('disconnect', () => process.exit());
process.send?.({ what: 'listening', port } satisfies Report);
