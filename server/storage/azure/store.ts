import { IncomingMessage, type Agent } from 'node:http';
import { Readable } from 'node:stream';
import type {
  BlockBlobClient,
  ContainerClient,
  ContainerListBlobFlatSegmentResponse as Page,
  ContainerListBlobsOptions,
} from '@azure/storage-blob';
import { AnsweredBody } from '../answered-body.ts';
import { azureClient, openable, type OpenableAzure } from './client.ts';
import { azureError, serviceCode, type AzureRequest } from './errors.ts';
import { uploadBlob } from './upload.ts';
import type { AzureLocation } from '../locations/azure.ts';
import { checkName } from '../names.ts';
import { checkRange, notFound, said } from '../said.ts';
import { inPages } from '../paging.ts';
import { putBody } from '../putting.ts';
import type { FileInfo, PutOptions, Store, StoreError } from '../store.ts';
import type { Tuning } from '../tuning.ts';

/** Of blob names: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const LONGEST_NAME = 1024;
const MOST_PARTS = 254;

/** The longest that a timer can be set to: the agent has no way to do without one. */
const NEVER_MS = 2 ** 31 - 1;

/** Files of one answer to List Blobs, which takes 5000 at most; answers are parsed whole. */
const PAGE_FILES = 1000;

/**
 * Block blobs `<path>/<name>` in a container. Throws HoldfastError `location-invalid` for a location that doesn't say whose it is or
 * what opens it.
 */
export function azureStore(location: AzureLocation, tuning: Tuning): Store {
  return new AzureStore(openable(location), tuning);
}

class AzureStore implements Store {
  readonly #location: OpenableAzure;
  readonly #tuning: Tuning;
  readonly #container: ContainerClient;
  readonly #agent: Agent;
  /** Empty, or with the slash at its end. */
  readonly #root: string;

  constructor(location: OpenableAzure, tuning: Tuning) {
    const { container, agent } = azureClient(location, tuning);
    this.#location = location;
    this.#tuning = tuning;
    this.#container = container;
    this.#agent = agent;
    if (location.path !== '') checkName(location.path);
    this.#root = location.path === '' ? '' : `${location.path}/`;
  }

  put(name: string, body: Readable | Uint8Array, options: PutOptions = {}): Promise<{ bytes: number }> {
    const explain = (error: unknown) => this.#explain(error, 'write', name);
    const { expectedBytes } = options;
    return putBody(
      name,
      body,
      options,
      (sending) =>
        uploadBlob({ blob: this.#blob(name), name, expectedBytes, tuning: this.#tuning, explain }, sending),
      explain,
    );
  }

  async get(name: string, range?: { start: number; end: number }): Promise<Readable> {
    const blob = this.#blob(name);
    if (range !== undefined) checkRange(name, range);
    const { start, end } = range ?? { start: 0, end: undefined };
    try {
      const answer = await blob.download(start, end === undefined ? undefined : end - start + 1, {
        maxRetryRequests: 0,
      });
      const { readableStreamBody } = answer;
      if (!(readableStreamBody instanceof Readable)) throw new Error('the answer has no body');
      leaveToReader(answer._response);
      // Whatever ends it early, a connection that breaks off above all, it may be read on from there.
      const bytes = new AnsweredBody(readableStreamBody, () =>
        said('transient', 'the connection was broken off', name),
      );
      if (!isDirectory(answer.metadata)) {
        // Other bytes than those that were asked for, or none of them.
        if (range === undefined || (answer._response.status === 206 && answer.contentLength !== 0))
          return bytes;
        bytes.destroy();
        throw said('failed', `the service has no bytes ${range.start} to ${range.end} of it`, name);
      }
      bytes.destroy();
    } catch (error) {
      throw this.#explain(error, 'read', name);
    }
    throw notFound(name);
  }

  async stat(name: string): Promise<FileInfo> {
    const blob = this.#blob(name);
    try {
      const { contentLength, metadata } = await blob.getProperties();
      if (!isDirectory(metadata)) return { name, bytes: contentLength ?? 0 };
    } catch (error) {
      throw this.#explain(error, 'read', name);
    }
    throw notFound(name);
  }

  /**
   * Deleting a blob also drops the blocks of an upload that never ended, and of one that goes on: with no file there yet, the
   * service answers as if there were one (https://github.com/Azure/azure-storage-node/issues/350). Where versions or deleted
   * blobs are kept they stay, for as long as the account says.
   */
  async remove(name: string): Promise<void> {
    const blob = this.#blob(name);
    try {
      await blob.delete().catch(async (error: unknown) => {
        if (serviceCode(error) !== 'SnapshotsPresent') throw error;
        await blob.delete({ deleteSnapshots: 'include' });
      });
    } catch (error) {
      const explained = this.#explain(error, 'remove', name);
      if (explained.code !== 'not-found') throw explained;
    }
  }

  async *list(prefix: string): AsyncIterable<FileInfo> {
    const base = this.#root;
    // Metadata tells directories, which accounts with a hierarchical namespace list as empty blobs.
    const options = { prefix: base + prefix, includeMetadata: true };
    const pages = inPages(
      (token) => this.#page(options, token),
      (page) => page?.continuationToken,
      this.#tuning.retry,
    );
    for await (const page of pages)
      for (const { name, properties, metadata } of page?.segment.blobItems ?? []) {
        if (name === base || isDirectory(metadata)) continue;
        yield { name: name.slice(base.length), bytes: properties.contentLength ?? 0 };
      }
  }

  async #page(options: ContainerListBlobsOptions, token: string | undefined): Promise<Page | null> {
    try {
      const settings = { continuationToken: token, maxPageSize: PAGE_FILES };
      for await (const page of this.#container.listBlobsFlat(options).byPage(settings)) return page;
      return null;
    } catch (error) {
      throw this.#explain(error, 'list', null);
    }
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  #blob(name: string): BlockBlobClient {
    checkName(name);
    const whole = this.#root + name;
    if (whole.length > LONGEST_NAME || whole.split('/').length > MOST_PARTS)
      throw said(
        'invalid-name',
        `with its path it is longer than ${LONGEST_NAME} characters or ${MOST_PARTS} parts, which Azure does not take`,
        name,
        { hint: 'Choose a shorter path.' },
      );
    return this.#container.getBlockBlobClient(whole);
  }

  #explain(error: unknown, operation: AzureRequest['operation'], file: string | null): StoreError {
    return azureError(error, { location: this.#location, file, operation });
  }
}

/** A reader who takes its time is no stall of the connection: how long bytes are waited for is timed where they are read. */
function leaveToReader(response: object): void {
  const message = 'readableStreamBody' in response ? response.readableStreamBody : null;
  if (message instanceof IncomingMessage && !message.complete) message.socket.setTimeout(NEVER_MS);
}

/** https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-known-issues */
function isDirectory(metadata: Record<string, string> | undefined): boolean {
  return metadata?.['hdi_isfolder'] === 'true';
}
