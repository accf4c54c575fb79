/**
 * Azurite, Microsoft's emulator of Azure Storage, in a process of its own, for tests; arguments are its own. Where it differs from
 * the service as to what the store relies on, it is put right here:
 * - A blob of which there are only uncommitted blocks isn't there for a Put Blob that says If-None-Match, and a Put Blob drops
 *   them: https://learn.microsoft.com/rest/api/storageservices/put-block-list#remarks. Azurite takes the name for taken.
 * - Deleting a blob drops its uncommitted blocks. Azurite keeps them for the next upload under the name.
 *
 * What stays different: a wrong key is AuthorizationFailure, where the service says AuthenticationFailed, and why; there are no
 * immutability policies, no firewall, no throttling and no hierarchical namespace.
 *
 * Answers any message once what came so far has been dealt with, and ends when its parent does.
 */
import { subscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const require = createRequire(import.meta.url);

interface Collection {
  findOne(query: object): { isCommitted?: boolean } | null;
  findAndRemove(query: object): void;
}
/** As far as it is needed here. */
interface MetadataStore {
  db: { getCollection(name: string): Collection };
  BLOBS_COLLECTION: string;
  BLOCKS_COLLECTION: string;
  createBlob: (this: MetadataStore, context: unknown, blob: BlobName, ...rest: unknown[]) => Promise<unknown>;
  deleteBlob: (
    this: MetadataStore,
    context: unknown,
    account: string,
    container: string,
    blob: string,
    ...rest: unknown[]
  ) => Promise<unknown>;
}
interface BlocksHandler {
  stageBlock: (
    this: BlocksHandler,
    id: string,
    bytes: number,
    body: Readable,
    ...rest: unknown[]
  ) => Promise<unknown>;
}
interface BlobName {
  accountName: string;
  containerName: string;
  name: string;
}

const { default: Metadata } = require('azurite/dist/src/blob/persistence/LokiBlobMetadataStore.js') as {
  default: { prototype: MetadataStore };
};
const { default: Blocks } = require('azurite/dist/src/blob/handlers/BlockBlobHandler.js') as {
  default: { prototype: BlocksHandler };
};
const { createBlob, deleteBlob } = Metadata.prototype;
Metadata.prototype.createBlob = async function (context, blob, ...rest) {
  const { accountName, containerName, name } = blob;
  const blobs = this.db.getCollection(this.BLOBS_COLLECTION);
  if (blobs.findOne({ accountName, containerName, name })?.isCommitted === false)
    blobs.findAndRemove({ accountName, containerName, name });
  const created = await createBlob.call(this, context, blob, ...rest);
  dropBlocks(this, blob);
  return created;
};
Metadata.prototype.deleteBlob = async function (context, accountName, containerName, name, ...rest) {
  const deleted = await deleteBlob.call(this, context, accountName, containerName, name, ...rest);
  dropBlocks(this, { accountName, containerName, name });
  return deleted;
};

function dropBlocks(store: MetadataStore, { accountName, containerName, name }: BlobName): void {
  store.db
    .getCollection(store.BLOCKS_COLLECTION)
    .findAndRemove({ accountName, containerName, blobName: name });
}

/** The bodies of blocks that are being put away. */
const staging = new Set<Readable>();
const { stageBlock } = Blocks.prototype;
Blocks.prototype.stageBlock = async function (id, bytes, body, ...rest) {
  staging.add(body);
  try {
    return await stageBlock.call(this, id, bytes, body, ...rest);
  } finally {
    staging.delete(body);
  }
};

const sockets = new Set<Socket>();
subscribe('net.server.socket', (message) => {
  const { socket } = message as { socket: Socket };
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});

/** What a client sent before it died is still read, turn by turn, and a block that came whole is kept. */
async function quiet(): Promise<void> {
  let read = -1;
  for (let still = 0; still < 10; still++) {
    await sleep(10);
    const now = [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, sockets.size);
    if (now !== read || ![...staging].every(({ readableAborted }) => readableAborted)) still = 0;
    read = now;
  }
}

process.on('message', () => void quiet().then(() => process.send?.('quiet')));
process.on('disconnect', () => process.exit());
require('azurite/dist/src/blob/main.js');
