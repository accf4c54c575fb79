import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import type { TableDescriptor } from '../../cluster/descriptor.ts';
import { RowsPrinter } from './fingerprint.ts';
import { PrintedLoad } from './printed-load.ts';

const TABLE: TableDescriptor = {
  kind: 'table',
  name: { database: 'bank', schema: 'public', name: 'orders' },
  columns: [],
  primaryKey: null,
  rowKey: null,
  storage: null,
  dependencies: [],
  comment: null,
  ddl: [],
};
const CHUNKS = ['1\ta\n2', '\tb\n', '3\tc\n'].map((text) => Buffer.from(text));
const never = new AbortController().signal;

function printOf(chunks: Buffer[]): unknown {
  const printer = new RowsPrinter();
  for (const chunk of chunks) printer.update(chunk);
  return printer.print;
}

/** Reads so many chunks of what it is to load, then stops as adapters do. */
function readsOnly(chunks: number): Pick<Cluster, 'load'> {
  return {
    load: async (_database, _table, rows) => {
      let read = 0;
      if (read < chunks) for await (const _chunk of rows) if (++read === chunks) break;
      rows.destroy();
      return { rows: 3 };
    },
  };
}

describe('a load whose rows are printed', () => {
  for (const chunks of [0, 1, 3])
    it(`has the print of all rows where ${chunks} of ${CHUNKS.length} chunks are read`, async () => {
      const load = new PrintedLoad(readsOnly(chunks));
      const rows = Readable.from(CHUNKS, { objectMode: false });
      expect(await load.load('scratch', TABLE, rows, never)).toEqual({ rows: 3 });
      expect(load.print).toEqual(printOf(CHUNKS));
      expect(rows.destroyed).toBe(true);
    });

  it('fails with what the rows fail with, also before they are read', async () => {
    const rows = new Readable({ read: () => undefined });
    rows.destroy(new Error('damaged'));
    const load = new PrintedLoad(readsOnly(3));
    await expect(load.load('scratch', TABLE, rows, never)).rejects.toThrow('damaged');
    const late = new Readable({ read: () => undefined });
    setImmediate(() => late.destroy(new Error('damaged later')));
    await expect(load.load('scratch', TABLE, late, never)).rejects.toThrow('damaged later');
  });

  it('is stopped by its signal while it only reads', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    const rows = Readable.from(CHUNKS, { objectMode: false });
    await expect(new PrintedLoad(readsOnly(0)).load('scratch', TABLE, rows, stop.signal)).rejects.toThrow(
      'enough',
    );
    expect(rows.destroyed).toBe(true);
  });
});
