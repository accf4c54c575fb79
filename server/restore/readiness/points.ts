import { databasesOf } from '../../backup/targets.ts';
import type { Moment } from '../../cluster/moment.ts';
import { nameKey, quoteIdent, type ObjectName } from '../../cluster/names.ts';
import { bytesOf, type LayerDigest } from './digest.ts';
import { type Examined, type Group, isWhole } from './examine.ts';
import type { ChainFacts, Part, PointFacts } from './facts.ts';

/** How far back one database can be restored, by the backups of it that were looked at. */
export interface Recovery {
  database: string;
  point: PointFacts | null;
  chain: ChainFacts | null;
  /** Of the newest backup of the point; null where there is no point. */
  moment: Moment | null;
  /** URLs of the layers that it is restored from, oldest to newest; of the broken chain where there is no point. */
  layers: string[];
  /** By `nameKey`: all tables of the point. */
  tables: ReadonlySet<string>;
  missing: string[];
  /** All known backups that have something of it, the newest first. */
  urls: string[];
}

/** The databases that backups have anything of. */
export function databasesOfGroups(groups: readonly Group[]): string[] {
  return [...new Set(groups.flatMap((group) => databasesOfGroup(group)))].sort();
}

function databasesOfGroup({ members, examined }: Group): string[] {
  const asked = members[0]?.targets ?? null;
  return [
    ...(asked === null ? [] : databasesOf(asked)),
    ...examined.flatMap(({ digests }) => {
      const last = digests.at(-1);
      return last === undefined
        ? []
        : [...last.databases, ...[...last.tables.values()].map(({ name }) => name.database)];
    }),
  ];
}

/**
 * The newest point of a database: of each table, its newest backup that can be restored, down to one of all of the database:
 * what that hasn't was not there. `live` are the tables that the database has now, by `nameKey`; others, which were dropped or
 * renamed, hold nothing up. Null: not known.
 */
export function recoveryOf(
  database: string,
  groups: readonly Group[],
  live: ReadonlySet<string> | null,
): Recovery {
  const own = groups.filter((group) => databasesOfGroup(group).includes(database));
  const examined = own
    .flatMap((group) => group.examined)
    .sort((one, other) => Date.parse(other.known.at) - Date.parse(one.known.at));
  const usable = examined
    .flatMap((one) => {
      const last = one.digests.at(-1);
      return last === undefined ? [] : [{ one, last }];
    })
    .sort((a, b) => Date.parse(b.last.moment.at) - Date.parse(a.last.moment.at));
  const covered = new Map<string, number>();
  const taken: { part: Part; from: Examined; last: LayerDigest }[] = [];
  let wholeAt: number | null = null;
  for (const { one, last } of usable) {
    const fresh = [...last.tables].filter(
      ([key, { name }]) => name.database === database && !covered.has(key),
    );
    const whole = last.databases.includes(database);
    const counts = live === null || fresh.some(([key]) => live.has(key)) || taken.length === 0;
    if (counts && (fresh.length > 0 || (whole && taken.length === 0)))
      taken.push({ part: partOf(one, last, fresh, whole), from: one, last });
    const at = Date.parse(last.moment.at);
    for (const [key] of fresh) covered.set(key, at);
    if (!whole) continue;
    wholeAt = at;
    break;
  }
  const parts = taken.map(({ part }) => part);
  const [newest] = taken;
  const chain = chainOf(database, examined, covered, wholeAt);
  return {
    database,
    point:
      newest === undefined
        ? null
        : {
            at: parts
              .map(({ at }) => at)
              .reduce((oldest, at) => (Date.parse(at) < Date.parse(oldest) ? at : oldest)),
            parts,
            bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
          },
    chain,
    moment: newest?.last.moment ?? null,
    layers:
      newest === undefined
        ? (chain?.layers.map(({ url }) => url) ?? [])
        : newest.from.layers.slice(0, newest.from.digests.length).map(({ url }) => url),
    tables: new Set(covered.keys()),
    missing: [
      ...new Set(
        taken.flatMap(({ last }) =>
          last.missing.filter((one) => one.database === database).map(({ words }) => words),
        ),
      ),
    ],
    urls: own.flatMap(({ members }) => members.map(({ url }) => url)),
  };
}

function partOf(
  { known, layers, digests }: Examined,
  last: LayerDigest,
  fresh: readonly (readonly [string, { name: ObjectName }])[],
  whole: boolean,
): Part {
  return {
    url: layers[digests.length - 1]?.url ?? known.url,
    type: last.type,
    at: last.moment.at,
    jobId: last.jobId,
    whole,
    tables: fresh.map(([, { name }]) => shortName(name)).sort(),
    bytes: fresh.reduce((sum, [key]) => sum + bytesOf(digests, key), 0),
  };
}

/** Every URL that a group's proofs may be of. */
export function urlsOf({ members, examined }: Group): string[] {
  return [
    ...members.map(({ url }) => url),
    ...examined.flatMap(({ layers }) => layers.map(({ url }) => url)),
  ];
}

/** Within its database. */
export function shortName({ schema, name }: ObjectName): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** The first broken chain that something newer doesn't make up for; where none is, that of the newest backup. */
function chainOf(
  database: string,
  examined: readonly Examined[],
  covered: ReadonlyMap<string, number>,
  wholeAt: number | null,
): ChainFacts | null {
  const broken = examined.find((one) => {
    if (isWhole(one)) return false;
    const at = Date.parse(one.known.at);
    if (wholeAt !== null && at <= wholeAt) return false;
    const named = namedTables(one, database);
    return named === null || named.some((key) => (covered.get(key) ?? 0) < at);
  });
  const shown = broken ?? examined[0];
  if (shown === undefined) return null;
  return { url: shown.known.url, newest: shown === examined[0], layers: shown.layers };
}

/** The tables of the database that a backup was asked for by name; null where it was asked for more than that. */
function namedTables({ known: { targets } }: Examined, database: string): string[] | null {
  if (targets?.kind !== 'tables') return null;
  const keys: string[] = [];
  for (const { database: of, schema, name } of targets.patterns) {
    if (of !== database) continue;
    if (name === null) return null;
    keys.push(nameKey({ database, schema: schema ?? 'public', name }));
  }
  return keys;
}
