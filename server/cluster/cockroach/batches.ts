import type { Readable } from 'node:stream';
import { canceled } from '../postgres/errors.ts';
import type { Connections, Lease } from './connections.ts';
import { type CopyRow, copyRows } from './copy-rows.ts';
import { clusterError, isRetryable } from './errors.ts';
import { claimFile, noteLoaded } from './ledger.ts';

const MOST_CHARACTERS = 1024 * 1024;
/** Claiming a file waits for whoever is loading it; the wait may end in a serialization failure. */
const CLAIM_ATTEMPTS = 10;

/** A statement for many rows of COPY text at once. */
export interface BatchStatement {
  /** How many rows it takes at most. */
  readonly batchRows: number;
  run(session: Lease, rows: CopyRow[], doing: string): Promise<void>;
}

export interface BatchRequest {
  database: string;
  /** For errors: `load rows into bank.public.accounts`. */
  doing: string;
  rows: Readable;
  signal: AbortSignal;
  once: { restore: string; key: string } | undefined;
}

/**
 * Runs a statement for all rows of a stream, batch by batch, in one transaction with their entry in the ledger: all or
 * nothing, and one time however often it is tried. Answers the rows, of this call or the earlier one.
 */
export async function runBatches(
  connections: Connections,
  { database, doing, rows, signal, once }: BatchRequest,
  statement: BatchStatement,
): Promise<{ rows: number }> {
  let sourceFailure: { error: unknown } | null = null;
  rows.on('error', (error) => (sourceFailure ??= { error }));
  try {
    return await connections.use(database, async (session) => {
      const abort = () => {
        rows.destroy();
        // CockroachDB rolls back what a closed connection was doing.
        session.release(true);
      };
      signal.addEventListener('abort', abort, { once: true });
      try {
        if (signal.aborted) throw canceled(signal, doing);
        await session.databaseId();
        const loaded = await begin(session, doing, once);
        if (loaded !== null) return { rows: loaded };
        const count = await sendAll(session, statement, rows, doing);
        if (once !== undefined) await noteLoaded(session, once.restore, once.key, count);
        if (signal.aborted) throw canceled(signal, doing);
        await session.run(doing, 'COMMIT');
        return { rows: count };
      } finally {
        signal.removeEventListener('abort', abort);
      }
    });
  } catch (error) {
    if (signal.aborted) throw canceled(signal, doing);
    const failed = sourceFailure as { error: unknown } | null;
    if (failed !== null) throw failed.error;
    throw clusterError(error, connections.place(database), doing);
  } finally {
    rows.destroy();
  }
}

/** Starts the transaction and claims the file. Answers the rows of a file that is in already, with nothing begun. */
async function begin(
  session: Lease,
  doing: string,
  once: { restore: string; key: string } | undefined,
): Promise<number | null> {
  for (let attempt = 1; ; attempt++) {
    await session.run(doing, 'BEGIN');
    if (once === undefined) return null;
    try {
      const loaded = await claimFile(session, once.restore, once.key);
      if (loaded !== null) await session.run(doing, 'ROLLBACK');
      return loaded;
    } catch (error) {
      await session.run(doing, 'ROLLBACK');
      if (!isRetryable(error) || attempt === CLAIM_ATTEMPTS) throw error;
    }
  }
}

/** Sends batches while the next one is being read; two are in memory at most. */
async function sendAll(
  session: Lease,
  statement: BatchStatement,
  source: Readable,
  doing: string,
): Promise<number> {
  let count = 0;
  let sending: Promise<unknown> = Promise.resolve();
  let batch: CopyRow[] = [];
  let characters = 0;
  const send = async () => {
    const ready = batch;
    batch = [];
    characters = 0;
    await sending;
    sending = statement.run(session, ready, doing);
    // A failure is seen when the next batch waits for it, or at the end.
    sending.catch(() => undefined);
    count += ready.length;
  };
  for await (const rows of copyRows(source)) {
    for (const row of rows) {
      batch.push(row);
      for (const value of row) characters += value?.length ?? 0;
      if (batch.length >= statement.batchRows || characters >= MOST_CHARACTERS) await send();
    }
  }
  if (batch.length > 0) await send();
  await sending;
  return count;
}
