import { Readable } from 'node:stream';
import type { Store } from './store.ts';

/** A store that is opened by its first use: opening may have to look something up. */
export function deferred(open: () => Promise<Store>): Store {
  let opening: Promise<Store> | null = null;
  const store = async (): Promise<Store> => {
    opening ??= open();
    try {
      return await opening;
    } catch (error) {
      // The next call tries anew.
      opening = null;
      throw error;
    }
  };
  return {
    put: async (name, body, options) => {
      try {
        return await (await store()).put(name, body, options);
      } catch (error) {
        if (body instanceof Readable) body.destroy();
        throw error;
      }
    },
    get: async (name, range) => (await store()).get(name, range),
    stat: async (name) => (await store()).stat(name),
    remove: async (name) => (await store()).remove(name),
    async *list(prefix) {
      yield* (await store()).list(prefix);
    },
    close: async () => {
      await (await opening?.catch(() => null))?.close();
    },
  };
}
