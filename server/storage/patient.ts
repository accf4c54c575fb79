import { ResumedRead } from './resumed-read.ts';
import { retry, type RetryPolicy } from './retry.ts';
import { StoreError, type FileInfo, type PutOptions, type Store } from './store.ts';
import type { Tuning } from './tuning.ts';

/**
 * The store with its calls repeated where that is safe: `stat`, `remove`, `get` (a read that breaks off or hangs goes on
 * where it was), `list` until it has given out its first file, and `put` of bytes. A stream can be read once: what the store
 * has of it in its hands, a part of a large file, it sends again itself; who can make the whole of it again does that.
 */
export function patient(store: Store, tuning: Tuning): Store {
  const policy = tuning.retry;
  return {
    put: (name, body, options) =>
      body instanceof Uint8Array
        ? putAgain(store, name, body, options, policy)
        : store.put(name, body, options),
    get: async (name, range) => {
      const first = await retry(() => store.get(name, range), policy);
      return new ResumedRead(store, { name, range: range ?? null, first }, tuning);
    },
    stat: (name) => retry(() => store.stat(name), policy),
    remove: (name) => retry(() => store.remove(name), policy),
    list: (prefix) => listAgain(store, prefix, tuning),
    close: () => store.close(),
  };
}

async function putAgain(
  store: Store,
  name: string,
  bytes: Uint8Array,
  options: PutOptions | undefined,
  policy: RetryPolicy,
): Promise<{ bytes: number }> {
  const attempt = async (count: number): Promise<{ bytes: number }> => {
    try {
      return await store.put(name, bytes, options);
    } catch (error) {
      const taken = error instanceof StoreError && error.code === 'exists';
      // What was said to have failed may have been done: then it is our own file that is in the way.
      if (count > 1 && taken && (await holds(store, name, bytes))) return { bytes: bytes.length };
      throw error;
    }
  };
  return retry(attempt, policy, options?.signal);
}

async function holds(store: Store, name: string, bytes: Uint8Array): Promise<boolean> {
  if ((await store.stat(name)).bytes !== bytes.length) return false;
  let offset = 0;
  for await (const chunk of await store.get(name)) {
    const part = chunk as Uint8Array;
    if (Buffer.compare(part, bytes.subarray(offset, offset + part.length)) !== 0) return false;
    offset += part.length;
  }
  return offset === bytes.length;
}

async function* listAgain(store: Store, prefix: string, { retry: policy }: Tuning): AsyncIterable<FileInfo> {
  const { files, first } = await retry(async () => {
    const iterator = store.list(prefix)[Symbol.asyncIterator]();
    return { files: iterator, first: await iterator.next() };
  }, policy);
  try {
    for (let next = first; !next.done; next = await files.next()) yield next.value;
  } finally {
    await files.return?.();
  }
}
