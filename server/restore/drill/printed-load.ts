import { Readable } from 'node:stream';
import type { Cluster } from '../../cluster/cluster.ts';
import type { TableDescriptor } from '../../cluster/descriptor.ts';
import { type RowsPrint, RowsPrinter } from './fingerprint.ts';

/**
 * Loads as the cluster does, and takes the print of what is loaded, also of what an earlier call has loaded already: then
 * the rows are only read.
 */
export class PrintedLoad implements Pick<Cluster, 'load'> {
  readonly #cluster: Pick<Cluster, 'load'>;
  readonly #printer = new RowsPrinter();

  constructor(cluster: Pick<Cluster, 'load'>) {
    this.#cluster = cluster;
  }

  get print(): RowsPrint {
    return this.#printer.print;
  }

  async load(
    database: string,
    table: TableDescriptor,
    rows: Readable,
    signal: AbortSignal,
    once?: { restore: string; key: string },
  ): Promise<{ rows: number }> {
    // It may fail before anybody reads it: whoever does then still gets that.
    rows.on('error', () => undefined);
    try {
      const handed = Readable.from(this.#printed(rows), { objectMode: false });
      const loaded = await this.#cluster.load(database, table, handed, signal, once);
      if (!rows.readableEnded) for await (const _chunk of this.#printed(rows)) signal.throwIfAborted();
      return loaded;
    } finally {
      rows.destroy();
    }
  }

  /** Who stops to read leaves the rest of the rows to be read. */
  async *#printed(rows: Readable): AsyncGenerator<Buffer, void> {
    for await (const chunk of rows.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      this.#printer.update(chunk);
      yield chunk;
    }
  }
}
