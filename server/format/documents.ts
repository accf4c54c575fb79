import type { Readable } from 'node:stream';
import { StoreError, type Store } from '../storage/store.ts';

/** No JSON document of a backup comes near this; a file that is larger is something else, and isn't read into memory. */
const MAX_DOCUMENT_BYTES = 400 * 1024 * 1024;

/** Writes a JSON document that people can read, in one piece. Throws StoreError: `exists`, … */
export async function putDocument(store: Store, name: string, document: object): Promise<void> {
  await store.put(name, printDocument(document));
}

/**
 * A JSON document's text, indented by two; what has nothing nested in it stands on one line. The manifest of a million ranges has
 * some seventy megabytes: they are in memory once, and not as a string beside.
 */
export function printDocument(document: object): Buffer {
  let bytes = 1;
  print(document, '', (piece) => (bytes += Buffer.byteLength(piece)));
  const text = Buffer.allocUnsafe(bytes);
  let at = 0;
  print(document, '', (piece) => (at += text.write(piece, at)));
  text.write('\n', at);
  return text;
}

function print(value: unknown, indent: string, write: (piece: string) => void): void {
  if (typeof value !== 'object' || value === null || Object.values(value).every(isScalar)) {
    write(JSON.stringify(value));
    return;
  }
  const isList = Array.isArray(value);
  let separator = isList ? '[' : '{';
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    write(`${separator}\n${indent}  ${isList ? '' : `${JSON.stringify(key)}: `}`);
    print(member, `${indent}  `, write);
    separator = ',';
  }
  write(`\n${indent}${isList ? ']' : '}'}`);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
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
    return await parse(await store.get(name));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return { kind: 'missing' };
    throw error;
  }
}

/** Its bytes are let go as they become text. */
async function parse(bytes: Readable): Promise<DocumentRead> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text: string | null = '';
  const add = (chunk?: Uint8Array): void => {
    try {
      if (text !== null) text += decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      text = null;
    }
  };
  // To its end in any case: what the store has to say comes first.
  for await (const chunk of bytes) add(chunk as Uint8Array);
  add();
  try {
    if (text !== null) return { kind: 'read', value: JSON.parse(text) };
  } catch {
    // No JSON either.
  }
  return { kind: 'unreadable', why: 'it is not JSON' };
}
