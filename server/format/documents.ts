import { StoreError, type Store } from '../storage/store.ts';

/** No JSON document of a backup comes near this; a file that is larger is something else, and isn't read into memory. */
const MAX_DOCUMENT_BYTES = 400 * 1024 * 1024;

/** Writes a JSON document that people can read, in one piece. Throws StoreError: `exists`, … */
export async function putDocument(store: Store, name: string, document: object): Promise<void> {
  const text = `${JSON.stringify(document, null, 2)}\n`;
  await store.put(name, Buffer.from(text));
}

export type DocumentRead =
  | { kind: 'read'; value: unknown }
  | { kind: 'missing' }
  /** It is there, and it is no JSON: why, for people. */
  | { kind: 'unreadable'; why: string };

/** Reads a small JSON document. Throws StoreError for anything but its absence. */
export async function getDocument(store: Store, name: string): Promise<DocumentRead> {
  try {
    const { bytes } = await store.stat(name);
    if (bytes > MAX_DOCUMENT_BYTES) return { kind: 'unreadable', why: `it is ${bytes} bytes long` };
    const chunks: Uint8Array[] = [];
    for await (const chunk of await store.get(name)) chunks.push(chunk as Uint8Array);
    return parse(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return { kind: 'missing' };
    throw error;
  }
}

function parse(bytes: Buffer): DocumentRead {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: 'read', value: JSON.parse(text) };
  } catch {
    return { kind: 'unreadable', why: 'it is not JSON' };
  }
}
