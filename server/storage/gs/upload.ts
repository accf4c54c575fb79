import { createHash, randomUUID } from 'node:crypto';
import { said } from '../network-errors.ts';
import type { Sending } from '../putting.ts';
import { retry } from '../retry.ts';
import { StoreError } from '../store.ts';
import type { Tuning } from '../tuning.ts';
import type { ApiResponse } from './client.ts';
import { DamagedOnTheWay } from './errors.ts';
import { type GsObject, type GsObjects, objectSchema, read, WRITE_ID } from './objects.ts';

/**
 * What is sent at once: a multiple of 256 KiB, as all chunks but the last have to be. Their number has no limit, so that any
 * object fits: https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload
 */
export const CHUNK_BYTES = 8 * 1024 * 1024;

const INCOMPLETE = 308;

/** How long an upload that failed is taken back; an abort is to end soon, also where the service doesn't answer. */
const TAKE_BACK_MS = 5_000;

interface Upload {
  objects: GsObjects;
  /** The object's. */
  name: string;
  /** The file's, for errors. */
  file: string;
  tuning: Tuning;
  /** In the object's metadata, so that an answer that got lost can be made up for. */
  id: string;
  signal: AbortSignal;
  /** Its end was sent: it may be there. */
  ending: boolean;
}

/**
 * Sends a new object: in one request where it is small, else in a resumable session, chunk by chunk, each of which is sent
 * again from where the service has it. One chunk is read while another one is on its way. The service compares the MD5 of
 * the whole before there is an object. Throws StoreError; then the session is cancelled and there is no object.
 */
export async function upload(
  objects: GsObjects,
  name: string,
  file: string,
  { chunks, signal }: Sending,
  tuning: Tuning,
): Promise<void> {
  const job: Upload = { objects, name, file, tuning, id: randomUUID(), signal, ending: false };
  const md5 = createHash('md5');
  const parts = partsOf(chunks, md5);
  const first = await parts.next();
  if (first.done === true) throw new Error('there is always a last part');
  let session: string | null = null;
  try {
    if (first.value.last) return await sendWhole(job, first.value.bytes, md5.digest('base64'));
    session = await openSession(job);
    let part = first.value;
    for (let offset = 0; ;) {
      const next = part.last ? null : parts.next();
      // Whoever takes it gets to know.
      next?.catch(() => undefined);
      const hash = part.last ? md5.digest('base64') : null;
      await sendChunk(job, session, { ...part, offset, md5: hash });
      if (next === null) return;
      offset += part.bytes.length;
      const following = await next;
      if (following.done === true) throw new Error('there is always a last part');
      part = following.value;
    }
  } catch (error) {
    await takeBack(job, session, error);
    throw error;
  }
}

interface Part {
  bytes: Buffer;
  last: boolean;
}

/** The body in pieces of `CHUNK_BYTES`; the last one may be shorter, or empty. */
async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  md5: ReturnType<typeof createHash>,
): AsyncGenerator<Part, void> {
  let [held, other] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(0)];
  let filled = 0;
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      // Only once it is known that something comes after it: the last part says that it is the last.
      if (filled === CHUNK_BYTES) {
        md5.update(held);
        yield { bytes: held, last: false };
        // Whoever asks for a part is still sending the one before it, and has sent the one before that.
        [held, other] = [other.length === 0 ? Buffer.allocUnsafe(CHUNK_BYTES) : other, held];
        filled = 0;
      }
      const taken = chunk.subarray(from, from + CHUNK_BYTES - filled);
      held.set(taken, filled);
      filled += taken.length;
      from += taken.length;
    }
  }
  const rest = held.subarray(0, filled);
  md5.update(rest);
  yield { bytes: rest, last: true };
}

async function sendWhole(job: Upload, bytes: Buffer, md5Hash: string): Promise<void> {
  const boundary = `holdfast-${job.id}`;
  const metadata = { name: job.name, md5Hash, metadata: { [WRITE_ID]: job.id } };
  const body = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(metadata)}\r\n` +
        `--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`,
    ),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  job.ending = true;
  await again(job, async () => {
    const response = await job.objects.request(
      {
        method: 'POST',
        url: job.objects.uploadUrl('multipart', job.name),
        headers: { 'content-type': `multipart/related; boundary=${boundary}` },
        body,
        signal: job.signal,
      },
      [200],
      job.file,
    );
    await done(job, response, md5Hash);
  });
}

/** Answers the session's URL, which lets whoever has it write: a secret. */
async function openSession(job: Upload): Promise<string> {
  return again(job, async () => {
    const response = await job.objects.request(
      {
        method: 'POST',
        url: job.objects.uploadUrl('resumable', job.name),
        headers: {
          'content-type': 'application/json; charset=UTF-8',
          'x-upload-content-type': 'application/octet-stream',
        },
        body: JSON.stringify({ metadata: { [WRITE_ID]: job.id } }),
        signal: job.signal,
      },
      [200],
      job.file,
    );
    response.body.resume();
    const session = response.header('location');
    if (session !== null) return session;
    throw said('transient', 'the service opened no session', job.file);
  });
}

interface Chunk extends Part {
  offset: number;
  /** Of the whole, with the last chunk. */
  md5: string | null;
}

async function sendChunk(job: Upload, session: string, chunk: Chunk): Promise<void> {
  const { bytes, offset, last, md5 } = chunk;
  const end = offset + bytes.length;
  const total = last ? String(end) : '*';
  job.ending = last;
  let sent = offset;
  await again(job, async (attempt) => {
    let response =
      attempt === 1
        ? await put(job, session, { bytes, range: rangeOf(offset, end, total), md5 })
        : await put(job, session, { bytes: null, range: `bytes */${total}`, md5: null });
    // The service keeps multiples of 256 KiB, and may keep less than it was sent.
    while (response.status === INCOMPLETE) {
      response.body.resume();
      const kept = keptOf(response);
      if (kept < sent || kept > end) throw lost(job);
      sent = kept;
      if (kept === end && !last) return;
      const rest = bytes.subarray(kept - offset);
      response = await put(job, session, { bytes: rest, range: rangeOf(kept, end, total), md5 });
      if (response.status === INCOMPLETE && keptOf(response) <= kept) {
        response.body.resume();
        throw said('transient', 'the service does not keep what it is sent', job.file);
      }
    }
    if (last) await done(job, response, md5);
    else throw lost(job);
  });
}

function put(
  job: Upload,
  session: string,
  { bytes, range, md5 }: { bytes: Buffer | null; range: string; md5: string | null },
): Promise<ApiResponse> {
  const headers: Record<string, string> = {
    'content-range': range,
    'content-length': String(bytes?.length ?? 0),
    ...(md5 === null ? {} : { 'x-goog-hash': `md5=${md5}` }),
  };
  return job.objects
    .request(
      {
        method: 'PUT',
        url: session,
        headers,
        ...(bytes === null ? {} : { body: bytes }),
        signal: job.signal,
      },
      [200, 201, INCOMPLETE],
      job.file,
    )
    .catch((error: unknown) => {
      // Forgotten by the service, or damaged: all of it has to be sent anew, which only the caller can.
      if (error instanceof StoreError && error.code === 'not-found') throw lost(job);
      if (error instanceof DamagedOnTheWay) throw new SessionLost(error.code, error.message, error.file);
      throw error;
    });
}

/** `bytes 0-8388607/*`; that of no bytes at all is only ever the end of an object. */
function rangeOf(start: number, end: number, total: string): string {
  return end === start ? `bytes */${total}` : `bytes ${start}-${end - 1}/${total}`;
}

/** How many bytes from the beginning the service has. */
function keptOf(response: ApiResponse): number {
  const last = /^bytes=0-(\d+)$/.exec(response.header('range') ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

class SessionLost extends StoreError {}

function lost(job: Upload): SessionLost {
  return new SessionLost('transient', `${job.file}: the service has lost what it was sent`, job.file);
}

async function done(job: Upload, response: ApiResponse, md5: string | null): Promise<void> {
  const object = await read(response, objectSchema, job.file);
  await verify(job, object, md5);
}

/** The service has compared it if it knows how; what it stored is compared once more. */
async function verify(job: Upload, object: GsObject, md5: string | null): Promise<void> {
  if (object.md5Hash === undefined || object.md5Hash === md5) return;
  await job.objects.remove(job.name, job.file, { generation: object.generation });
  throw new DamagedOnTheWay(job.file);
}

/**
 * Tries again what may pass. That there is an object of the name already may be our own doing, whose answer got lost; a
 * session that is lost is lost.
 */
async function again<T>(job: Upload, work: (attempt: number) => Promise<T>): Promise<T> {
  const ended: { by: SessionLost | null } = { by: null };
  try {
    return await retry(
      async (attempt) => {
        try {
          return await work(attempt);
        } catch (error) {
          if (!(error instanceof SessionLost)) throw error;
          ended.by = error;
          throw new StoreError('failed', error.message, error.file);
        }
      },
      job.tuning.retry,
      job.signal,
    );
  } catch (error) {
    const taken = error instanceof StoreError && error.code === 'exists';
    if ((taken || ended.by !== null) && (await isOurs(job))) return undefined as T;
    // Of our own class again, whatever it was wrapped in on its way here.
    throw ended.by ?? error;
  }
}

async function isOurs(job: Upload): Promise<boolean> {
  try {
    const object = await retry(() => job.objects.stat(job.name, job.file), job.tuning.retry);
    return object.metadata[WRITE_ID] === job.id;
  } catch {
    return false;
  }
}

/**
 * Cancels the session, and removes what came of it all the same: the end may have arrived before it was given up. Never fails:
 * what can't be reached expires by itself, within a week, and is nothing that a reader could see.
 */
async function takeBack(job: Upload, session: string | null, why: unknown): Promise<void> {
  const signal = AbortSignal.timeout(Math.min(TAKE_BACK_MS, job.tuning.stallMs));
  try {
    if (session !== null) await cancel(job, session, signal);
    if (!job.ending || isRefused(why)) return;
    const object = await retry(() => job.objects.stat(job.name, job.file, signal), job.tuning.retry, signal);
    if (object.metadata[WRITE_ID] !== job.id) return;
    const only = { generation: object.generation, signal };
    await retry(() => job.objects.remove(job.name, job.file, only), job.tuning.retry, signal);
  } catch {
    // Whoever wants to know why it failed is told the first reason.
  }
}

/** The service has said that it made no object. */
function isRefused(error: unknown): boolean {
  return error instanceof StoreError && ['exists', 'denied', 'no-container'].includes(error.code);
}

/** Answered by 499: https://cloud.google.com/storage/docs/performing-resumable-uploads#cancel-upload */
async function cancel(
  { objects, file, tuning }: Upload,
  session: string,
  signal: AbortSignal,
): Promise<void> {
  const request = { method: 'DELETE' as const, url: session, headers: { 'content-length': '0' }, signal };
  const response = await retry(
    () => objects.request(request, [200, 204, 404, 410, 499], file),
    tuning.retry,
    signal,
  );
  response.body.resume();
}
