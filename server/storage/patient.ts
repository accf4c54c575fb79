import type { Readable } from 'node:stream';
import { ResumedRead } from './resumed-read.ts';
import { retry } from './retry.ts';
import type { FileInfo, PutOptions, Store } from './store.ts';
import type { Tuning } from './tuning.ts';

/**
 * The store with its calls repeated where that is safe: `stat`, `remove`, `get` (a read that breaks off or hangs goes on
 * where it was), and `list` until it has given out its first file. `put` is not: its body can be read once. Who can make
 * the body again wraps the call in `retry`; what the store itself can send again, a part of a large file, it does.
 */
export function patient(store: Store, tuning: Tuning): Store {
  const policy = tuning.retry;
  return {
    put: (name: string, body: Readable, options?: PutOptions) => store.put(name, body, options),
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
