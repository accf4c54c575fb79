import { createHash, randomUUID } from 'node:crypto';
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
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { Behaviour } from '../server.ts';
import {
  FilesystemStore,
  noSuchUpload,
  root,
  S3Error,
  S3Object,
  uploadPath,
  type Context,
} from './s3rver.ts';

/** The smallest part that isn't the last: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const SMALLEST_PART = 5 * 1024 * 1024;

/** s3rver's files, written so that they appear at once, under what the request asks for. */
export class RequestStore extends FilesystemStore {
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
export const STAGING = join(root, '..', 'staging');

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
