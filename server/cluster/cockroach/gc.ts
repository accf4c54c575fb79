import { HoldfastError } from '../../errors.ts';
import type { GcWindow } from '../cluster.ts';
import { type Moment, momentText } from '../moment.ts';
import { type ObjectName, printName } from '../names.ts';
import { ageOf } from './hlc.ts';
import type { Session } from './session.ts';

/** The default that CockroachDB ships with, where no zone says anything. */
const DEFAULT_TTL = 90_000;

/** How far back tables can be read, in seconds: `gc.ttlseconds` of the zone that is in effect. */
export interface Windows {
  of(table: ObjectName): number;
  /** The longest of a database: its own, or one of its tables'. */
  longest(database: string): number;
  /** The longest of all: what is older can't be read of any table. */
  longestOfAll(): number;
}

/** Implements Cluster.gcWindows: every table of the session's database. */
export async function tableWindows(session: Session): Promise<GcWindow[]> {
  const { database } = session.place;
  const windows = await readWindows(session);
  await session.databaseId();
  const tables = await session.rows<{ schema: string; name: string }>(
    'list the tables',
    `SELECT n.nspname AS schema, c.relname AS name
     FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname NOT IN ('crdb_internal', 'information_schema', 'pg_catalog', 'pg_extension')
     ORDER BY n.nspname, c.relname`,
  );
  return tables.map(({ schema, name }) => {
    const table = { database, schema, name };
    return { table, seconds: windows.of(table) };
  });
}

interface ZoneRow {
  database: string | null;
  schema: string | null;
  table: string | null;
  part: boolean;
  range: string | null;
  ttl: string | null;
}

/** A zone without gc.ttlseconds has its parent's: the table's, then its database's, then the default range's. */
export async function readWindows(session: Session): Promise<Windows> {
  const rows = await session.rows<ZoneRow>(
    'read the zone configurations',
    `SELECT database_name AS database, schema_name AS schema, table_name AS table, subzone_id <> 0 AS part,
            range_name AS range, substring(full_config_sql from 'gc\\.ttlseconds = (\\d+)') AS ttl
     FROM crdb_internal.zones`,
  );
  const ttl = (matches: (row: ZoneRow) => boolean) =>
    rows.filter((row) => row.ttl !== null && matches(row)).map((row) => Number(row.ttl));
  const [standard = DEFAULT_TTL] = ttl(({ range }) => range === 'default');
  const ofDatabase = (database: string) =>
    ttl((row) => row.database === database && row.table === null)[0] ?? standard;
  const ofTable = (name: ObjectName) => {
    const own = ttl(
      (row) => row.database === name.database && row.schema === name.schema && row.table === name.name,
    );
    // Its partitions and indexes may have zones of their own: the shortest counts.
    return own.length === 0 ? null : Math.min(...own);
  };
  return {
    of: (table) => ofTable(table) ?? ofDatabase(table.database),
    longest: (database) =>
      Math.max(ofDatabase(database), ...ttl((row) => row.database === database && row.table !== null)),
    longestOfAll: () => Math.max(standard, ...ttl(() => true)),
  };
}

/** Throws `unreadable-moment` where the moment is past the window of one of the tables. */
export async function refuseCollected(
  session: Session,
  windows: Windows,
  tables: ObjectName[],
  at: Moment,
): Promise<void> {
  if (tables.length === 0 || at.kind !== 'hlc') return;
  const age = await ageOf(session, at.timestamp);
  for (const table of tables) {
    const window = windows.of(table);
    if (age > window) throw pastWindow(table, at, age, window);
  }
}

/**
 * `unreadable-moment` of a table whose rows at the moment may have been garbage collected. `age` and `window` are
 * seconds. The earliest time is that of now: it moves on as time does.
 */
export function pastWindow(table: ObjectName, at: Moment, age: number, window: number): HoldfastError {
  return new HoldfastError(
    'unreadable-moment',
    `${printName(table)} can't be read as of ${momentText(at)}: that is ${Math.floor(age)} seconds ago, past its GC window (gc.ttlseconds = ${window})`,
    {
      hint: earliestHint(Date.parse(at.at) + (age - window) * 1000),
      field: 'asOf',
    },
  );
}

/** What to do about a moment that is too old; `earliest` in milliseconds since 1970. */
export function earliestHint(earliest: number): string {
  // Rounded up: the whole second before it is too early already.
  const time = new Date(Math.ceil(earliest / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return `The earliest time that works is ${time} UTC, and it moves on with the clock. Take a later moment, or raise gc.ttlseconds of the table before the next backup.`;
}
