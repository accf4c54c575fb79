import { Readable } from 'node:stream';
import { putBody } from '../../storage/putting.ts';
import { StoreError, type Store } from '../../storage/store.ts';
/** Files by their names, at each location by its path. */
export class Storage {
  readonly #places = new Map<string, Map<string, Buffer>>();

  at(place: string): Map<string, Buffer> {
    const known = this.#places.get(place);
    if (known !== undefined) return known;
    const none = new Map<string, Buffer>();
    this.#places.set(place, none);
    return none;
  }
}

/** Does something at the storage, all at once; it may come late, fail, or not be answered. */
export type Call = <T>(what: string, work: () => T, signal?: AbortSignal) => Promise<T>;

/** At once, and nothing fails. */
export const CALLED_AT_ONCE: Call = async (_, work) => work();

/** A location of a storage: its files, by way of calls. */
export function memoryStore(files: Map<string, Buffer>, call: Call): Store {
  const found = (name: string): Buffer => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new StoreError('not-found', `there is no ${name}`, name);
    return bytes;
  };
  return {
    put: (name, body, options = {}) =>
      putBody(
        name,
        body,
        options,
        async ({ chunks, signal }) => {
          const parts: Uint8Array[] = [];
          for await (const chunk of chunks) parts.push(chunk);
          await call(
            `put ${name}`,
            () => {
              if (files.has(name)) throw new StoreError('exists', `${name} is there already`, name);
              files.set(name, Buffer.concat(parts));
            },
            signal,
          );
        },
        (error) =>
          error instanceof StoreError
            ? error
            : new StoreError('failed', String(error), name, { cause: error }),
      ),
    get: async (name, range) => {
      const bytes = await call(`get ${name}`, () => found(name));
      const part = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
      return Readable.from([part], { objectMode: false });
    },
    stat: (name) => call(`stat ${name}`, () => ({ name, bytes: found(name).length })),
    remove: (name) =>
      call(`remove ${name}`, () => {
        files.delete(name);
      }),
    async *list(prefix) {
      yield* await call('list', () =>
        [...files].flatMap(([name, { length }]) =>
          name.startsWith(prefix) ? [{ name, bytes: length }] : [],
        ),
      );
    },
    close: async () => undefined,
  };
}
