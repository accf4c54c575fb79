import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobGetPropertiesResponse, BlobRequestConditions, BlockBlobClient } from '@azure/storage-blob';
import { blockBytes, BlockIds, ByteSource } from './blocks.ts';
import { serviceCode } from './errors.ts';
import { said } from '../network-errors.ts';
import type { Sending } from '../putting.ts';
import { isTransient, retry } from '../retry.ts';
import { StoreError } from '../store.ts';
import type { Tuning } from '../tuning.ts';

/** What fits into this is one request, that either makes the file or doesn't. */
const SMALL_BYTES = 8 * 1024 * 1024;
/** Blocks in memory: one is filled while the others are sent. */
const BLOCKS_IN_HAND = 3;
/** How long a request that has begun may go on once the upload is over, so that what it did is known. */
const GRACE_MS = 2000;
/** The shortest lease that the service gives: https://learn.microsoft.com/rest/api/storageservices/lease-blob */
const LEASE_SECONDS = 15;
/** Under this name a blob says which upload made it. */
const UPLOAD_ID = 'holdfastupload';
/** The file is made, or it is not: never is another one written over. */
const NEW: BlobRequestConditions = { ifNoneMatch: '*' };

export interface Upload {
  blob: BlockBlobClient;
  name: string;
  expectedBytes: number | undefined;
  tuning: Tuning;
  explain: (error: unknown) => StoreError;
}

/**
 * Writes one new blob: a small body as one Put Blob, a larger one as blocks, several at once, and a Put Block List that makes them a
 * file. Each request carries an MD5, so that what arrives damaged is refused, and is made again by itself where it fails.
 */
export async function uploadBlob(upload: Upload, sending: Sending): Promise<void> {
  const source = new ByteSource(sending.chunks);
  const small = await source.all(SMALL_BYTES);
  const writing = new Writing(upload, sending.signal);
  if (small === null) await writing.inBlocks(source);
  else await writing.whole(small);
}

interface Found {
  /** The upload that made it, if that was one of Holdfast's. */
  id: string | undefined;
  etag: string | undefined;
}

interface Slot {
  buffer: Buffer | null;
  sent: Promise<void>;
}

class Writing {
  readonly #upload: Upload;
  readonly #id = randomUUID();
  readonly #blocks = new BlockIds();
  /** Aborts when the upload is over before its end. */
  readonly #over: AbortSignal;
  /** Aborts what is still going on then, a little later. */
  readonly #late = new AbortController();
  readonly #stop = new AbortController();

  constructor(upload: Upload, signal: AbortSignal) {
    this.#upload = upload;
    this.#over = AbortSignal.any([signal, this.#stop.signal]);
  }

  async whole(body: Buffer): Promise<void> {
    const transactionalContentMD5 = createHash('md5').update(body).digest();
    await this.#makeVisible(() =>
      this.#upload.blob.upload(body, body.length, {
        conditions: NEW,
        metadata: { [UPLOAD_ID]: this.#id },
        transactionalContentMD5,
        abortSignal: this.#late.signal,
      }),
    );
  }

  async inBlocks(source: ByteSource): Promise<void> {
    // Known before gigabytes are sent; the commit is what decides.
    if ((await this.#lookAtFirst()) !== null) throw exists(this.#upload.name);
    try {
      const ids = await this.#sendBlocks(source);
      await this.#makeVisible(() =>
        this.#upload.blob.commitBlockList(ids, {
          conditions: NEW,
          metadata: { [UPLOAD_ID]: this.#id },
          abortSignal: this.#late.signal,
        }),
      );
    } catch (error) {
      await this.#takeBackBlocks().catch(() => {});
      throw error;
    }
  }

  /** The ids of the blocks, in order. Nothing is being sent any more when it throws. */
  async #sendBlocks(source: ByteSource): Promise<string[]> {
    const slots: Slot[] = Array.from({ length: BLOCKS_IN_HAND }, () => ({
      buffer: null,
      sent: Promise.resolve(),
    }));
    const failed = Promise.withResolvers<never>();
    // Who waits for it may have gone on.
    failed.promise.catch(() => {});
    const onOver = () => failed.reject(this.#over.reason);
    this.#over.addEventListener('abort', onOver, { once: true });
    try {
      // A block that fails, or an abort, ends it at once, also where the body hangs.
      return await Promise.race([this.#sendEach(source, slots, failed.reject), failed.promise]);
    } catch (error) {
      this.#stop.abort(error);
      const settled = Promise.allSettled(slots.map(({ sent }) => sent));
      await Promise.race([settled, grace()]);
      this.#late.abort(error);
      await settled;
      throw error;
    } finally {
      this.#over.removeEventListener('abort', onOver);
    }
  }

  async #sendEach(
    source: ByteSource,
    slots: readonly Slot[],
    fail: (error: unknown) => void,
  ): Promise<string[]> {
    const { expectedBytes, name } = this.#upload;
    const size = blockBytes(expectedBytes);
    const ids: string[] = [];
    for (const slot of around(slots)) {
      await slot.sent;
      slot.buffer ??= Buffer.allocUnsafeSlow(size);
      const hash = createHash('md5');
      const bytes = await source.fill(slot.buffer, hash);
      this.#over.throwIfAborted();
      if (bytes > 0) {
        const id = this.#blocks.at(ids.length);
        if (id === null) throw tooLarge(name, size * ids.length);
        ids.push(id);
        slot.sent = this.#sendBlock(id, slot.buffer.subarray(0, bytes), hash.digest());
        slot.sent.catch(fail);
      }
      if (bytes < size) break;
    }
    await Promise.all(slots.map(({ sent }) => sent));
    return ids;
  }

  async #sendBlock(id: string, block: Buffer, transactionalContentMD5: Uint8Array): Promise<void> {
    const options = { transactionalContentMD5, abortSignal: this.#late.signal };
    await this.#again(() => this.#upload.blob.stageBlock(id, block, block.length, options));
  }

  /**
   * Sends the request that makes the file. One whose answer was lost may have done it: then what stands under the name tells
   * whose it is, by the id that the blob carries. It is never cut off in the middle without that look.
   */
  async #makeVisible(send: () => Promise<unknown>): Promise<void> {
    const known = { unsure: false, dropped: false };
    const cutOff = () => void grace().then(() => this.#late.abort(this.#over.reason));
    this.#over.throwIfAborted();
    this.#over.addEventListener('abort', cutOff, { once: true });
    try {
      await this.#again(send, (error, code) => {
        known.unsure ||= isTransient(error) || this.#over.aborted;
        known.dropped = code === 'InvalidBlockList';
      });
    } catch (error) {
      if (!known.unsure && !known.dropped) throw error;
      await this.#settle(error, known.dropped);
    } finally {
      this.#over.removeEventListener('abort', cutOff);
    }
  }

  /** Whose is what stands there, after an answer that leaves it open? Ours: fine, unless nobody wants it any more. */
  async #settle(reason: unknown, dropped: boolean): Promise<void> {
    const { blob, name } = this.#upload;
    const looking = this.#over.aborted
      ? this.#look(this.#deadline())
      : this.#again(() => this.#look(this.#over));
    const found = await looking.catch((error: unknown) => {
      // Nobody may be told of a file of that name that may be this one.
      throw reason instanceof StoreError && reason.code === 'exists' ? error : reason;
    });
    if (found?.id === this.#id) {
      if (!this.#over.aborted) return;
      await blob.delete({ conditions: { ifMatch: found.etag }, abortSignal: this.#deadline() });
      throw reason;
    }
    if (found !== null) throw exists(name);
    // Another writer's commit drops the blocks of all others, and so does removing the file.
    if (dropped) throw said('transient', 'it was removed while it was written', name, { cause: reason });
    throw reason;
  }

  /** What stands there; who may only write learns of a taken name at the end. */
  async #lookAtFirst(): Promise<Found | null> {
    const { blob } = this.#upload;
    let mayNotRead = false;
    try {
      return await this.#again(
        async () => foundIn(await blob.getProperties({ abortSignal: this.#over })),
        (_error, code) => (mayNotRead = code === 'AuthorizationPermissionMismatch'),
      );
    } catch (error) {
      if (mayNotRead || (error instanceof StoreError && error.code === 'not-found')) return null;
      throw error;
    }
  }

  async #look(abortSignal: AbortSignal): Promise<Found | null> {
    const { blob, explain } = this.#upload;
    try {
      return foundIn(await blob.getProperties({ abortSignal }));
    } catch (error) {
      const explained = explain(error);
      if (explained.code === 'not-found') return null;
      throw explained;
    }
  }

  /** For what is done after the end. */
  #deadline(): AbortSignal {
    return AbortSignal.timeout(this.#upload.tuning.connectMs);
  }

  /** By the policy, until the upload is over. */
  async #again<T>(
    work: () => Promise<T>,
    onError: (error: StoreError, code: string | null) => void = () => {},
  ): Promise<T> {
    const { tuning, explain } = this.#upload;
    return retry(
      async () => {
        try {
          return await work();
        } catch (error) {
          const explained = explain(error);
          onError(explained, serviceCode(error));
          throw explained;
        }
      },
      tuning.retry,
      this.#over,
    );
  }

  /**
   * Drops the blocks that were sent. Deleting the blob does that where it has no other, as AzCopy does after a failure
   * (https://github.com/Azure/azure-storage-azcopy/pull/576); but another writer of the name may be at work, or just done. So
   * the name is leased first: while we hold the lease nobody else can write there, and who tries tries again. Only where there
   * is no file and no other writer's block is anything deleted. Whatever can't be dropped is never seen by anyone, and the
   * service drops it a week later (https://learn.microsoft.com/rest/api/storageservices/put-block-list#remarks).
   */
  async #takeBackBlocks(): Promise<void> {
    const { blob } = this.#upload;
    const abortSignal = this.#deadline();
    if ((await this.#look(abortSignal)) !== null) return;
    const lease = blob.getBlobLeaseClient();
    await lease.acquireLease(LEASE_SECONDS, { abortSignal });
    let dropped = false;
    try {
      if ((await this.#look(abortSignal)) !== null) return;
      const { uncommittedBlocks = [] } = await blob.getBlockList('uncommitted', { abortSignal });
      if (!uncommittedBlocks.every(({ name }) => this.#blocks.has(name))) return;
      await blob.delete({ conditions: { leaseId: lease.leaseId }, abortSignal });
      dropped = true;
    } finally {
      if (!dropped) await lease.releaseLease({ abortSignal });
    }
  }
}

/** A process needn't stay for it. */
async function grace(): Promise<void> {
  await sleep(GRACE_MS, undefined, { ref: false });
}

/** Each in turn, again and again. */
function* around<T>(items: readonly T[]): Generator<T> {
  for (;;) yield* items;
}

function foundIn({ metadata, etag }: BlobGetPropertiesResponse): Found {
  return { id: metadata?.[UPLOAD_ID], etag };
}

function exists(name: string): StoreError {
  return said('exists', 'there is a file of that name already', name);
}

function tooLarge(name: string, bytes: number): StoreError {
  const gib = Math.floor(bytes / 1024 ** 3);
  return said('failed', `it is larger than was expected: its blocks hold ${gib} GiB at most`, name);
}
