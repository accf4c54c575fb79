import { isName, print, type Token, tokenize } from './ddl/lexer.ts';
import type { Session } from './session.ts';

/** What a table's own zone configuration says, beyond those of its database and of the cluster. */
export interface TableZone {
  /** `gc.ttlseconds = 600`, as ALTER TABLE … CONFIGURE ZONE USING takes it. */
  settings: string[];
  /** What a backup leaves out of it, for people. */
  leftOut: string[];
}

/**
 * Settings that mean the same in every cluster. The others place replicas by the names of regions and nodes, which
 * another cluster need not have and then refuses; zones of indexes and partitions need a licence.
 */
const PORTABLE = new Set(['gc.ttlseconds', 'range_min_bytes', 'range_max_bytes', 'num_replicas']);

interface ZoneRow {
  id: string;
  index: string | null;
  partition: string | null;
  settings: string | null;
}

/** The zone configurations of these tables of the session's database as its transaction sees them, by the tables' ids. */
export async function readZones(
  session: Session,
  tables: readonly number[],
): Promise<Map<number, TableZone>> {
  // Most tables have none, and making up the table that prints them takes longer than all else here.
  const some = await session.rows(
    'look for zone configurations',
    'SELECT id FROM system.zones WHERE id = ANY ($1::INT8[]) LIMIT 1',
    [tables],
  );
  if (some.length === 0) return new Map();
  const rows = await session.rows<ZoneRow>(
    'read the zone configurations',
    `SELECT zone_id::STRING AS id, index_name AS index, partition_name AS partition,
            raw_config_sql AS settings
     FROM crdb_internal.zones WHERE database_name = $1 AND table_name IS NOT NULL
     ORDER BY zone_id, subzone_id`,
    [session.place.database],
  );
  const zones = new Map<number, TableZone>();
  for (const row of rows) {
    const zone = zones.get(Number(row.id)) ?? { settings: [], leftOut: [] };
    zones.set(Number(row.id), zone);
    if (row.partition !== null) zone.leftOut.push(`the zone of partition ${row.partition}`);
    else if (row.index !== null) zone.leftOut.push(`the zone of index ${row.index}`);
    else addSettings(zone, zoneSettings(row.settings ?? ''));
  }
  return zones;
}

function addSettings(zone: TableZone, own: Map<string, string>): void {
  for (const [name, value] of own) if (PORTABLE.has(name)) zone.settings.push(`${name} = ${value}`);
  const others = [...own].filter(([name, value]) => !PORTABLE.has(name) && value !== `'[]'`);
  if (others.length > 0) zone.leftOut.push(`${others.map(([name]) => name).join(' and ')} of its zone`);
}

/** The settings in `ALTER … CONFIGURE ZONE USING name = value, …` as CockroachDB prints it, by name. */
export function zoneSettings(sql: string): Map<string, string> {
  const tokens = tokenize(sql).filter(({ kind }) => kind !== 'space');
  const using = tokens.findIndex(({ kind, value }) => kind === 'word' && value === 'using');
  const settings = new Map<string, string>();
  if (using < 0) return settings;
  const parts: Token[][] = [[]];
  for (const token of tokens.slice(using + 1)) {
    if (token.text === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  for (const part of parts) {
    const equals = part.findIndex(({ text }) => text === '=');
    if (equals > 0 && isName(part[0]))
      settings.set(print(part.slice(0, equals)), print(part.slice(equals + 1)));
  }
  return settings;
}
