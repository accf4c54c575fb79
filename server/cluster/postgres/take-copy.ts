import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Connections } from './connections.ts';
import { canceled, clusterError } from './errors.ts';
import { claimFile, noteLoaded } from './ledger.ts';
import type { Session } from './session.ts';

/** What happens in the transaction that takes a stream of COPY text. */
export interface CopySteps {
  /** Before the stream is read; answers the COPY statement that reads it. */
  begin(session: Session): Promise<string>;
  /** Once all of it is in. */
  end(session: Session): Promise<void>;
}

/**
 * Takes COPY text in a transaction of its own, with its entry in the ledger: all of it or nothing, and by `once` one time
 * however often it is tried. Answers its lines, of this call or the earlier one. Throws what the stream failed with, if
 * that was first, else `canceled` or what the server said of `doing`.
 */
export async function takeCopy(
  connections: Connections,
  database: string,
  doing: string,
  lines: Readable,
  signal: AbortSignal,
  once: { restore: string; key: string } | undefined,
  steps: CopySteps,
): Promise<{ rows: number }> {
  // The first to fail is to blame: a failing stream makes the other one fail too, in words of its own.
  let culprit: 'source' | 'server' | null = null;
  let failure: unknown;
  const blame = (who: 'source' | 'server') => (error: unknown) => {
    if (culprit === null) failure = error;
    culprit ??= who;
  };
  lines.on('error', blame('source'));
  try {
    return await connections.use(database, async (session) => {
      const refuse = () => {
        if (signal.aborted) throw canceled(signal, doing);
        if (culprit !== null) throw failure;
      };
      await session.run(doing, 'BEGIN');
      refuse();
      const taken = once === undefined ? null : await claimFile(session, once.restore, once.key);
      if (taken !== null) {
        await session.run(doing, 'ROLLBACK');
        return { rows: taken };
      }
      const abort = () => {
        lines.destroy();
        connections.cancel(session);
      };
      signal.addEventListener('abort', abort, { once: true });
      try {
        const copy = copyFrom(await steps.begin(session));
        copy.on('error', blame('server'));
        refuse();
        session.client.query(copy);
        await pipeline(lines, copy);
        await steps.end(session);
        if (once !== undefined) await noteLoaded(session, once.restore, once.key, copy.rowCount);
        refuse();
        await session.run(doing, 'COMMIT');
        return { rows: copy.rowCount };
      } finally {
        signal.removeEventListener('abort', abort);
        // The cancellation may still be on its way: nobody else may have this connection.
        if (signal.aborted) session.release(true);
      }
    });
  } catch (error) {
    if (culprit === 'source') throw failure;
    if (signal.aborted) throw canceled(signal, doing);
    throw clusterError(failure ?? error, connections.place(database), doing);
  } finally {
    lines.destroy();
  }
}
