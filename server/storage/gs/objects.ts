import { z } from 'zod';
import { said } from '../network-errors.ts';
import type { StoreError } from '../store.ts';
import type { ApiRequest, ApiResponse, GsClient } from './client.ts';
import { failureOf, thrownError } from './errors.ts';

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource: numbers come as texts. */
export const objectSchema = z.object({
  name: z.string(),
  size: z.string().regex(/^\d+$/).transform(Number),
  generation: z.string(),
  md5Hash: z.string().optional(),
  metadata: z.record(z.string(), z.string()).default({}),
});
export type GsObject = z.infer<typeof objectSchema>;

const listSchema = z.object({
  items: z.array(objectSchema.pick({ name: true, size: true })).default([]),
  nextPageToken: z.string().optional(),
});
export type GsPage = z.infer<typeof listSchema>;

/** Which of our writes an object is of: in its metadata. */
export const WRITE_ID = 'holdfast-write';

/** The objects of one bucket, request by request; every method throws StoreError about `file`. */
export class GsObjects {
  readonly #client: GsClient;
  readonly #bucket: string;

  constructor(client: GsClient, bucket: string) {
    this.#client = client;
    this.#bucket = encodeURIComponent(bucket);
  }

  /** Answers a response whose status is one of `fine`; throws what any other means. */
  async request(request: ApiRequest, fine: readonly number[], file: string | null): Promise<ApiResponse> {
    let response: ApiResponse;
    try {
      response = await this.#client.request(request);
    } catch (error) {
      throw thrownError(error, file);
    }
    if (fine.includes(response.status)) return response;
    throw await failureOf(response, file);
  }

  async stat(name: string, file: string, signal?: AbortSignal): Promise<GsObject> {
    const response = await this.request({ method: 'GET', url: this.#object(name), signal }, [200], file);
    return read(response, objectSchema, file);
  }

  /** `range` is that of HTTP: `bytes=0-9`. */
  async media(name: string, range: string | null, file: string): Promise<ApiResponse> {
    const headers: Record<string, string> = range === null ? {} : { range };
    const request: ApiRequest = { method: 'GET', url: `${this.#object(name)}?alt=media`, headers };
    const response = await this.request(request, [200, 206], file);
    if (range === null || response.status === 206) return response;
    // All of it, by something in between that knows no ranges: its first bytes aren't those that were asked for.
    response.body.destroy();
    throw said('failed', 'the service answers all of it where a range was asked for', file);
  }

  /** Given a generation: only if it is still that one. */
  async remove(
    name: string,
    file: string,
    only?: { generation: string; signal?: AbortSignal },
  ): Promise<void> {
    const url = this.#object(name) + (only === undefined ? '' : `?ifGenerationMatch=${only.generation}`);
    const request: ApiRequest = { method: 'DELETE', url, signal: only?.signal };
    const response = await this.request(request, [200, 204, 404], file);
    if (response.status !== 404) {
      response.body.resume();
      return;
    }
    const failure = await failureOf(response, file);
    if (failure.code !== 'not-found') throw failure;
  }

  async page(prefix: string, pageToken: string | undefined): Promise<GsPage> {
    const query = new URLSearchParams({
      prefix,
      maxResults: '1000',
      fields: 'items(name,size),nextPageToken',
      ...(pageToken === undefined ? {} : { pageToken }),
    });
    const url = `/storage/v1/b/${this.#bucket}/o?${query.toString()}`;
    return read(await this.request({ method: 'GET', url }, [200], null), listSchema, null);
  }

  /** Where a new object is sent: only if there is none of its name. */
  uploadUrl(uploadType: 'multipart' | 'resumable', name: string): string {
    const query = new URLSearchParams({ uploadType, name, ifGenerationMatch: '0' });
    return `/upload/storage/v1/b/${this.#bucket}/o?${query.toString()}`;
  }

  #object(name: string): string {
    return `/storage/v1/b/${this.#bucket}/o/${encodeURIComponent(name)}`;
  }
}

/** The body of an answer. Throws StoreError for one that isn't what it should be. */
export async function read<T>(response: ApiResponse, schema: z.ZodType<T>, file: string | null): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await response.text());
  } catch (error) {
    throw unreadable(thrownError(error, file), file);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw thrownError(new Error('an answer of another form'), file);
}

/** An answer that can't be read was broken off, or damaged on the way: asked again, it may be fine. */
function unreadable(error: StoreError, file: string | null): StoreError {
  return error.code === 'transient' ? error : said('transient', 'its answer can’t be read', file);
}
