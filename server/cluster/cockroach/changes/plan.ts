import { HoldfastError } from '../../../errors.ts';
import type { ChangeBase, TableChanges } from '../../cluster.ts';
import { findTable, type TableDescriptor } from '../../descriptor.ts';
import { type Moment, momentText } from '../../moment.ts';
import { printName } from '../../names.ts';
import { whyWhole } from '../../table-shape.ts';
import type { Connections } from '../connections.ts';
import { readWindows, type Windows } from '../gc.ts';
import { ageOf } from '../hlc.ts';
import type { Schemas } from '../schemas.ts';
import type { TableAccess } from '../table-access.ts';
import { rangefeedsEnabled } from './rangefeeds.ts';

/** Implements Cluster.planChanges. */
export async function planChanges(
  connections: Connections,
  schemas: Schemas,
  base: ChangeBase,
  tables: TableDescriptor[],
  at: Moment,
): Promise<TableChanges[]> {
  const { moment } = base;
  if (moment.kind !== 'hlc')
    throw new HoldfastError('unreadable-moment', 'the base is not a backup of a CockroachDB cluster', {
      field: 'bases',
    });
  const known = await connections.use(connections.homeDatabase, async (session) => ({
    rangefeeds: await rangefeedsEnabled(session),
    windows: await readWindows(session),
    age: await ageOf(session, moment.timestamp),
  }));
  const plan: TableChanges[] = [];
  for (const table of tables) {
    const whole = whyWhole(findTable(base.tables, table.name), table);
    if (whole !== null) {
      plan.push({ table: table.name, method: 'whole', reason: whole });
      continue;
    }
    refuseLate(table, base, known.windows, known.age);
    const comparison = whyNotFollowed(await schemas.access(table.name, at), known.rangefeeds);
    plan.push(
      comparison === null
        ? { table: table.name, method: 'feed', reason: null }
        : { table: table.name, method: 'comparison', reason: comparison },
    );
  }
  return plan;
}

/**
 * Why a changefeed can't serve; null when it can. A key of these types doesn't hold the value (`1.0` and `1.00` are one
 * key, a collated string isn't in it at all), and what a changefeed says of a deleted row is decoded from the key.
 */
function whyNotFollowed({ families, index }: TableAccess, rangefeeds: boolean): string | null {
  if (families.length > 1)
    return `It has ${families.length} column families, and changefeeds take tables of one.`;
  const inexact = index.columns.find(({ type }) => /^(DECIMAL|FLOAT)| COLLATE /.test(type));
  if (inexact !== undefined)
    return `Changefeeds don't tell the exact keys of deleted rows for ${inexact.type} (column ${inexact.name}).`;
  return rangefeeds ? null : 'Rangefeeds are off (kv.rangefeed.enabled).';
}

function refuseLate(table: TableDescriptor, { moment }: ChangeBase, windows: Windows, age: number): void {
  const window = windows.of(table.name);
  if (age <= window) return;
  const deadline = new Date(Date.parse(moment.at) + window * 1000).toISOString();
  throw new HoldfastError(
    'unreadable-moment',
    `what changed in ${printName(table.name)} since the newest base (${momentText(moment)}) can't be found any more: ` +
      `it left the table's GC window (gc.ttlseconds = ${window}) at ${deadline}`,
    {
      hint: 'Take a full backup, and the next incremental one within the window; or raise gc.ttlseconds of the table.',
      field: 'bases',
    },
  );
}
