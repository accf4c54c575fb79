import { randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type StorageClass,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { S3Location } from '../locations/s3.ts';
import { said } from '../network-errors.ts';
import type { Sending } from '../putting.ts';
import { isTransient, retry } from '../retry.ts';
import type { S3Connection } from './client.ts';
import { isConflict, isNoSuchUpload, isNotImplemented, notS3, s3Error, statusOf } from './errors.ts';
import { cutFor, inParts, MOST_PARTS, type Part } from './parts.ts';
import { StoreError } from '../store.ts';
import type { Tuning } from '../tuning.ts';

/** The object's metadata that tells whose write made it. */
const MARK = 'holdfast-write';

/** How often an upload is aborted that parts still arrive at, and how often that is tried where the service can't be reached. */
const ROUNDS = 3;

const MIB = 1024 * 1024;

export interface Target {
  location: S3Location;
  key: string;
  /** Relative to the location. */
  file: string;
}

/** Makes the object appear, under that condition. */
type Write = (client: S3Client, condition: { IfNoneMatch?: '*' }) => Promise<unknown>;

type Found = 'ours' | 'theirs' | 'nothing' | 'unknown';

/**
 * One write of one file: a single request where the file is no larger than a part, else a multipart upload, whose requests are
 * made here and not by the SDK's `Upload`: that one gives its requests no signal, so that an abort leaves them running; waits for
 * the next part of the body before it fails; and holds every part twice. Requests are repeated each by itself.
 */
export class S3Upload {
  readonly #connection: S3Connection;
  readonly #target: Target;
  readonly #tuning: Tuning;
  readonly #id = randomUUID();
  /** Ends what is under way once something has failed. */
  readonly #over = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #done: CompletedPart[] = [];
  #creating: Promise<string> | null = null;

  constructor(connection: S3Connection, target: Target, tuning: Tuning) {
    this.#connection = connection;
    this.#target = target;
    this.#tuning = tuning;
  }

  async send({ chunks, signal }: Sending, expectedBytes: number | undefined): Promise<void> {
    const failure = Promise.withResolvers<never>();
    failure.promise.catch(() => {});
    const ending = AbortSignal.any([signal, this.#over.signal]);
    try {
      // A part that fails ends it also while the body hangs.
      await Promise.race([this.#send(chunks, ending, expectedBytes, failure.reject), failure.promise]);
    } catch (error) {
      this.#over.abort(error);
      await Promise.allSettled(this.#underWay);
      // Not interrupted: only its answer tells what has to be aborted.
      const upload = await this.#creating?.catch(() => null);
      if (upload != null) await this.#takeBack(upload).catch(() => {});
      throw error;
    }
  }

  async #send(
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
    expectedBytes: number | undefined,
    fail: (error: unknown) => void,
  ): Promise<void> {
    const { partBytes, inHand } = cutFor(expectedBytes);
    for await (const part of inParts(chunks, partBytes)) {
      signal.throwIfAborted();
      if (part.number > MOST_PARTS) throw this.#tooLong(partBytes);
      if (part.number === 1 && part.last) return this.#commit(this.#putting(part.bytes), signal);
      const upload = await (this.#creating ??= this.#create());
      signal.throwIfAborted();
      const sending = this.#sendPart(upload, part, signal)
        .catch(fail)
        .finally(() => this.#underWay.delete(sending));
      this.#underWay.add(sending);
      while (this.#underWay.size >= inHand) await Promise.race(this.#underWay);
    }
    await Promise.all(this.#underWay);
    signal.throwIfAborted();
    const upload = await this.#creating;
    if (upload !== null) await this.#commit(this.#completing(upload), signal);
  }

  async #create(): Promise<string> {
    // What isn't going to be written need not be sent; the commit is what decides.
    if (await this.#isWritten()) throw this.#exists();
    const { UploadId } = await this.#repeat(undefined, (client) =>
      client.send(
        new CreateMultipartUploadCommand({
          ...this.#object(),
          // Parts may have checksums only where the upload was made for them.
          ...(this.#connection.checksums && { ChecksumAlgorithm: 'CRC32' }),
        }),
      ),
    );
    if (UploadId === undefined) throw said('failed', 'the service began no upload', this.#target.file);
    return UploadId;
  }

  async #sendPart(upload: string, { number, bytes, release }: Part, signal: AbortSignal): Promise<void> {
    const { ETag, ChecksumCRC32 } = await this.#repeat(signal, (client) =>
      client.send(
        new UploadPartCommand({ ...this.#place(), UploadId: upload, PartNumber: number, Body: bytes }),
        { abortSignal: signal },
      ),
    );
    this.#done.push({ PartNumber: number, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) });
    release();
  }

  #putting(body: Buffer): Write {
    return (client, condition) =>
      client.send(new PutObjectCommand({ ...this.#object(), ...condition, Body: body }));
  }

  #completing(upload: string): Write {
    const Parts = this.#done.toSorted((one, other) => (one.PartNumber ?? 0) - (other.PartNumber ?? 0));
    return (client, condition) =>
      client.send(
        new CompleteMultipartUploadCommand({
          ...this.#place(),
          ...condition,
          UploadId: upload,
          MultipartUpload: { Parts },
        }),
      );
  }

  /**
   * Makes the file appear. Never interrupted, as nobody could tell what became of it; repeated, also where the answer of the first
   * time was lost: whose the object is then tells.
   */
  async #commit(write: Write, signal: AbortSignal): Promise<void> {
    try {
      await retry(() => this.#tryCommit(write), this.#tuning.retry, signal);
    } catch (error) {
      const uncertain = isTransient(error) || !(error instanceof StoreError);
      if (uncertain && (await this.#look().catch(() => null)) === 'ours') return;
      throw error;
    }
  }

  async #tryCommit(write: Write): Promise<void> {
    // Services beside Amazon's may know no conditional writes, and not say so.
    if (this.#target.location.endpoint !== null && (await this.#isWritten())) return;
    const conditional = this.#connection.conditionalWrites;
    try {
      await this.#connection.call((client) => write(client, conditional ? { IfNoneMatch: '*' } : {}));
    } catch (error) {
      if (conditional && isNotImplemented(error) && this.#target.location.endpoint !== null) {
        this.#connection.conditionalWrites = false;
        return this.#tryCommit(write);
      }
      if (!isConflict(error) && !isNoSuchUpload(error)) throw this.#explain(error);
      const found = await this.#look();
      if (found === 'ours') return;
      if (found === 'theirs' || (found === 'unknown' && statusOf(error) === 412)) throw this.#exists();
      throw this.#explain(error);
    }
  }

  /** Whether this very write has been done. Throws `exists` where another one has. */
  async #isWritten(): Promise<boolean> {
    const found = await retry(() => this.#look(), this.#tuning.retry);
    if (found === 'theirs') throw this.#exists();
    return found === 'ours';
  }

  async #look(): Promise<Found> {
    try {
      const { Metadata, ETag } = await this.#connection.call((client) =>
        client.send(new HeadObjectCommand(this.#place())),
      );
      if (ETag === undefined) throw notS3(this.#target.file);
      return Metadata?.[MARK] === this.#id ? 'ours' : 'theirs';
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return 'nothing';
      // No right to read. Where more is wrong, the write itself says what: there are no words with a HEAD.
      if (status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429)
        return 'unknown';
      throw this.#explain(error);
    }
  }

  /** Parts that were on their way may arrive after the abort: https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
  async #takeBack(upload: string): Promise<void> {
    for (let round = 1; round <= ROUNDS; round++) {
      await this.#repeat(
        undefined,
        (client) => client.send(new AbortMultipartUploadCommand({ ...this.#place(), UploadId: upload })),
        ROUNDS,
      ).catch((error: unknown) => {
        if (isTransient(error)) throw error;
      });
      if (await this.#isGone(upload)) return;
    }
  }

  /** Also where nobody may know. */
  async #isGone(upload: string): Promise<boolean> {
    try {
      await this.#connection.call((client) =>
        client.send(new ListPartsCommand({ ...this.#place(), UploadId: upload, MaxParts: 1 })),
      );
      return false;
    } catch {
      return true;
    }
  }

  #repeat<T>(
    signal: AbortSignal | undefined,
    request: (client: S3Client) => Promise<T>,
    attempts = this.#tuning.retry.attempts,
  ): Promise<T> {
    return retry(
      () =>
        this.#connection.call(request).catch((error: unknown) => {
          throw this.#explain(error);
        }),
      { ...this.#tuning.retry, attempts },
      signal,
    );
  }

  #place(): { Bucket: string; Key: string } {
    return { Bucket: this.#target.location.bucket, Key: this.#target.key };
  }

  #object() {
    const { storageClass, encryption } = this.#target.location;
    return {
      ...this.#place(),
      Metadata: { [MARK]: this.#id },
      ...(storageClass !== null && { StorageClass: storageClass as StorageClass }),
      ...(encryption !== null && { ServerSideEncryption: encryption.mode }),
      ...(encryption?.kmsKeyId != null && { SSEKMSKeyId: encryption.kmsKeyId }),
    };
  }

  #explain(error: unknown): StoreError {
    const { location, file } = this.#target;
    return s3Error(error, { location, file, right: 's3:PutObject' });
  }

  #exists(): StoreError {
    return said('exists', 'there is a file of that name already', this.#target.file);
  }

  #tooLong(partBytes: number): StoreError {
    const gib = Math.round((MOST_PARTS * partBytes) / MIB / 1024);
    return said(
      'failed',
      `it is longer than ${MOST_PARTS} parts of ${partBytes / MIB} MiB, ${gib} GiB`,
      this.#target.file,
      {
        hint: 'The service takes no more parts, and their size was chosen for a shorter file: back up fewer tables at once.',
      },
    );
  }
}
