import { firstDeadline } from '../../backup/candidates.ts';
import type { ClusterInfo } from '../../cluster/cluster.ts';
import { nameKey, printName } from '../../cluster/names.ts';
import type { DeadlineFacts, UnprotectedFacts } from './facts.ts';
import type { LiveDatabase } from './live.ts';
import { type Recovery, shortName } from './points.ts';

const NOT_ASKED = 'its cluster is not there to be asked.';

/** Until when an incremental backup can build on the newest point. `live` is null where the database was not asked. */
export function deadlineOf(
  info: ClusterInfo | null,
  live: LiveDatabase | null,
  { moment, tables }: Recovery,
): DeadlineFacts {
  if (info === null || live === null || moment === null) return { kind: 'unknown', why: NOT_ASKED };
  if (!info.incremental.available) return { kind: 'impossible', why: info.incremental.reason };
  if (live.kind === 'gone') return { kind: 'unknown', why: 'the database is not there any more.' };
  if (live.kind === 'unknown') return live;
  if (live.noBase !== null) return { kind: 'impossible', why: live.noBase };
  const first = firstDeadline(
    moment,
    live.windows.filter(({ table }) => tables.has(nameKey(table))),
  );
  if (first === null) return { kind: 'unlimited' };
  return { kind: 'at', at: first.at, table: printName(first.table), seconds: first.seconds };
}

/** The tables that a database has and no backup that can be restored. */
export function unprotectedOf(live: LiveDatabase | null, backedUp: ReadonlySet<string>): UnprotectedFacts {
  if (live === null) return { kind: 'unknown', why: NOT_ASKED };
  if (live.kind === 'gone') return { kind: 'known', tables: [], unsupported: [] };
  if (live.kind === 'unknown') return live;
  return {
    kind: 'known',
    tables: live.tables.filter((name) => !backedUp.has(nameKey(name))).map(shortName),
    unsupported: live.unsupported.map(({ name, why }) => ({ name: shortName(name), why })),
  };
}
