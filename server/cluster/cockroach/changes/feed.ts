import { HoldfastError } from '../../../errors.ts';
import { type ObjectName, printName, sqlName, alwaysQuote } from '../../names.ts';
import { hlcOrder } from '../../moments.ts';
import type { KeySpool } from '../../key-spool.ts';
import { copyRows } from '../copy-rows.ts';
import type { Lease } from '../connections.ts';
import { clusterError } from '../errors.ts';
import { literal } from '../../literal.ts';
import { streamCopyText } from '../rows/copy-text.ts';

/** How often the feed says how far it is; below the closed timestamp's own pace more often is of no use. */
const RESOLVED = '200ms';
/** A feed that says nothing for so long, not even how far it is, is stuck: closed timestamps trail by seconds. */
const STUCK_MS = 120_000;

export interface FeedRequest {
  table: ObjectName;
  /** Decimal HLCs: changes after `from` and up to `to` at least are told. */
  from: string;
  to: string;
}

/**
 * Adds the keys that changed after `from` and up to `to` to the spool, as the feed's JSON; keys that changed later may
 * be among them. A sinkless changefeed needs no licence (21.1: changefeed.txt). It runs on until its resolved timestamp
 * has passed the end (there is no `end_time` before 22.1), then its connection is closed, which is what stops it.
 * Throws HoldfastError; codes other than `cluster-unavailable` and `canceled` say that a feed can't serve here.
 */
export async function spoolChangedKeys(
  lease: Lease,
  request: FeedRequest,
  spool: KeySpool,
  signal: AbortSignal,
): Promise<void> {
  const doing = `follow the changes of ${printName(request.table)}`;
  const stuck = new AbortController();
  const noticed = () =>
    setTimeout(() => {
      stuck.abort(
        new HoldfastError(
          'cluster-unavailable',
          `could not ${doing}: nothing came for ${STUCK_MS / 1000} s`,
          {
            hint: 'Check that all ranges of the table have a leaseholder that is up.',
          },
        ),
      );
    }, STUCK_MS);
  let timer = noticed();
  const stream = streamCopyText(lease.client, feedSql(request), AbortSignal.any([signal, stuck.signal]), {
    gather: false,
  });
  try {
    for await (const rows of copyRows(stream)) {
      clearTimeout(timer);
      timer = noticed();
      for (const [, key, value] of rows) {
        if (key !== null && key !== undefined) await spool.add(json(key));
        else if (isPast(json(value ?? ''), request.to)) return;
      }
    }
    throw new HoldfastError('cluster-unavailable', `could not ${doing}: the changefeed ended before its end`);
  } catch (error) {
    if (stuck.signal.aborted && !signal.aborted) throw stuck.signal.reason;
    throw clusterError(error, lease.place, doing);
  } finally {
    clearTimeout(timer);
    stream.on('error', () => undefined);
    stream.destroy();
  }
}

/** Keys and messages are columns of BYTES. */
function json(bytes: string): string {
  return Buffer.from(bytes.slice('\\x'.length), 'hex').toString('utf8');
}

function feedSql({ table, from }: FeedRequest): string {
  // A column that comes or goes after the end is none of our business: no backfill.
  return (
    `EXPERIMENTAL CHANGEFEED FOR ${alwaysQuote(table.database)}.${sqlName(table)} ` +
    `WITH cursor = ${literal(from)}, envelope = 'key_only', resolved = '${RESOLVED}', schema_change_policy = 'nobackfill'`
  );
}

/** `{"__crdb__":{"resolved":"…"}}`, or without the shell in the wrapped envelope. */
function isPast(message: string, to: string): boolean {
  const resolved = /"resolved"\s*:\s*"(\d+(?:\.\d+)?)"/.exec(message)?.[1];
  return resolved !== undefined && hlcOrder(resolved) >= hlcOrder(to);
}
