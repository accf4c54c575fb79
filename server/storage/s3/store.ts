import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type GetObjectCommandOutput,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';
import type { S3Location } from '../locations/s3.ts';
import { checkName } from '../names.ts';
import { said } from '../network-errors.ts';
import { putBody } from '../putting.ts';
import { AnsweredBody } from '../answered-body.ts';
import { S3Connection, type S3Options } from './client.ts';
import { isNoSuchUpload, notS3, s3Error, statusOf, type S3Right } from './errors.ts';
import { S3Upload } from './upload.ts';
import { StoreError, type FileInfo, type PutOptions, type Store } from '../store.ts';
import type { Tuning } from '../tuning.ts';

/**
 * Files below a location in a bucket of S3, or of a service that speaks its protocol. Throws `location-invalid` for a location
 * that says nothing of credentials.
 */
export function s3Store(location: S3Location, tuning: Tuning, options: S3Options = {}): Store {
  return new S3Store(location, tuning, options);
}

class S3Store implements Store {
  readonly #location: S3Location;
  readonly #tuning: Tuning;
  readonly #connection: S3Connection;

  constructor(location: S3Location, tuning: Tuning, options: S3Options) {
    this.#location = location;
    this.#tuning = tuning;
    this.#connection = new S3Connection(location, tuning, options);
  }

  put(name: string, body: Readable, options: PutOptions = {}): Promise<{ bytes: number }> {
    return putBody(
      name,
      body,
      options,
      (sending) => {
        const target = { location: this.#location, key: this.#key(name), file: name };
        return new S3Upload(this.#connection, target, this.#tuning).send(sending, options.expectedBytes);
      },
      (error) => this.#explain(error, 's3:PutObject', name),
    );
  }

  async get(name: string, range?: { start: number; end: number }): Promise<Readable> {
    const place = this.#place(name);
    if (range !== undefined) checkRange(name, range);
    const explain = (error: unknown): StoreError => this.#explain(error, 's3:GetObject', name);
    let answer: GetObjectCommandOutput;
    try {
      answer = await this.#connection.read((client, abortSignal) =>
        client.send(
          new GetObjectCommand({
            ...place,
            ...(range !== undefined && { Range: `bytes=${range.start}-${range.end}` }),
          }),
          { abortSignal },
        ),
      );
    } catch (error) {
      throw explain(error);
    }
    const { Body, ContentRange, ETag } = answer;
    if (!(Body instanceof Readable)) throw notS3(name);
    const body = new AnsweredBody(Body, explain);
    if (ETag !== undefined && (range === undefined || ContentRange !== undefined)) return body;
    body.destroy();
    throw ETag === undefined ? notS3(name) : said('failed', 'the service does not send parts of files', name);
  }

  async stat(name: string): Promise<FileInfo> {
    const place = this.#place(name);
    try {
      const { ContentLength = 0, ETag } = await this.#connection.call((client) =>
        client.send(new HeadObjectCommand(place)),
      );
      if (ETag === undefined) throw notS3(name);
      return { name, bytes: ContentLength };
    } catch (error) {
      throw await this.#inWords(error, name);
    }
  }

  /** There are no words with the answer to a HEAD, not even whether it is the bucket that isn't there: a GET has them. */
  async #inWords(error: unknown, name: string): Promise<StoreError> {
    const explained = this.#explain(error, 's3:GetObject', name);
    if (explained.code === 'transient' || statusOf(error) === null) return explained;
    try {
      (await this.get(name, { start: 0, end: 0 })).destroy();
      return explained;
    } catch (told) {
      return told instanceof StoreError ? told : explained;
    }
  }

  async remove(name: string): Promise<void> {
    const place = this.#place(name);
    try {
      await this.#connection.call((client) => client.send(new DeleteObjectCommand(place)));
    } catch (error) {
      // Some services say so of what isn't there.
      const explained = this.#explain(error, 's3:DeleteObject', name);
      if (explained.code !== 'not-found') throw explained;
    }
    await this.#sweep(name, place);
  }

  /**
   * Aborts the uploads of that object which a writer that was killed left. Where that is denied, or there is no such thing, it is left
   * to the bucket's lifecycle rules: the file itself is gone.
   */
  async #sweep(name: string, place: Place): Promise<void> {
    try {
      for await (const UploadId of this.#uploads(place))
        await this.#connection.call((client) =>
          client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch((error: unknown) => {
            if (!isNoSuchUpload(error)) throw error;
          }),
        );
    } catch (error) {
      const explained = this.#explain(error, 's3:PutObject', name);
      if (explained.code === 'transient') throw explained;
    }
  }

  async *#uploads({ Bucket, Key }: Place): AsyncGenerator<string> {
    let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
    for (;;) {
      const page = await this.#connection.call((client) =>
        client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key, ...marker })),
      );
      for (const upload of page.Uploads ?? [])
        if (upload.Key === Key && upload.UploadId !== undefined) yield upload.UploadId;
      // By key: those of this one come before those of longer ones.
      if (page.IsTruncated !== true || page.NextKeyMarker !== Key) return;
      marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }

  async *list(prefix: string): AsyncIterable<FileInfo> {
    const root = this.#location.path === '' ? '' : `${this.#location.path}/`;
    let token: string | undefined;
    do {
      const page = await this.#page(root + prefix, token);
      for (const { Key = '', Size = 0 } of page.Contents ?? []) {
        const name = Key.slice(root.length);
        // Consoles mark directories by empty objects.
        if (name !== '' && !name.endsWith('/')) yield { name, bytes: Size };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async #page(prefix: string, token: string | undefined): Promise<ListObjectsV2CommandOutput> {
    try {
      const page = await this.#connection.call((client) =>
        client.send(
          new ListObjectsV2Command({
            Bucket: this.#location.bucket,
            Prefix: prefix,
            ContinuationToken: token,
          }),
        ),
      );
      if (page.Name === undefined && page.Contents === undefined) throw notS3(null);
      return page;
    } catch (error) {
      throw this.#explain(error, 's3:ListBucket', null);
    }
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #place(name: string): Place {
    return { Bucket: this.#location.bucket, Key: this.#key(name) };
  }

  #key(name: string): string {
    const below = checkName(name).join('/');
    return this.#location.path === '' ? below : `${this.#location.path}/${below}`;
  }

  #explain(error: unknown, right: S3Right, file: string | null): StoreError {
    return s3Error(error, { location: this.#location, right, file });
  }
}

interface Place {
  Bucket: string;
  Key: string;
}

function checkRange(name: string, { start, end }: { start: number; end: number }): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw said('failed', `bytes ${start} to ${end} are no part of a file`, name);
}
