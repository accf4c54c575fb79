import type { ViewDescriptor } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import { type KnownObject, viaColumn } from '../catalog.ts';
import type { Session } from '../session.ts';
import { columnFinish, type ColumnRow, readColumns } from './columns.ts';
import { type IndexRow, indexSteps, readIndexes } from './indexes.ts';
import { byOwner, commentStep, printOptions, qualified, step } from './sql.ts';
import { readStatistics, type StatisticsRow, statisticsSteps } from './statistics.ts';

interface ViewRow {
  oid: number;
  materialized: boolean;
  populated: boolean;
  query: string;
  options: string[] | null;
  comment: string | null;
}

/** Descriptors of views and materialized views, in a fixed number of queries. */
export async function describeViews(
  session: Session,
  objects: KnownObject[],
): Promise<Map<KnownObject, ViewDescriptor>> {
  const oids = objects.map((object) => object.found.oid);
  const views = await session.rows<ViewRow>(
    'read views',
    `SELECT c.oid, c.relkind = 'm' AS materialized, c.relispopulated AS populated,
            pg_get_viewdef(c.oid) AS query, c.reloptions AS options, obj_description(c.oid, 'pg_class') AS comment
     FROM pg_class c WHERE c.oid = ANY ($1::oid[])`,
    [oids],
  );
  const byOid = new Map(views.map((view) => [view.oid, view]));
  const columns = byOwner(await readColumns(session, oids));
  const indexes = byOwner(await readIndexes(session, oids));
  const statistics = byOwner(await readStatistics(session, oids));
  return new Map(
    objects.flatMap((object) => {
      const { oid } = object.found;
      const view = byOid.get(oid);
      if (view === undefined) return [];
      const parts = {
        view,
        columns: columns.get(oid) ?? [],
        indexes: indexes.get(oid) ?? [],
        statistics: statistics.get(oid) ?? [],
      };
      return [[object, describe(object, parts)] as const];
    }),
  );
}

interface Parts {
  view: ViewRow;
  columns: ColumnRow[];
  indexes: IndexRow[];
  statistics: StatisticsRow[];
}

function describe(object: KnownObject, { view, columns, indexes, statistics }: Parts): ViewDescriptor {
  const name = qualified(object.name.schema, object.name.name);
  const what = view.materialized ? 'MATERIALIZED VIEW' : 'VIEW';
  const alter = `ALTER ${what} ${name}`;
  const list =
    columns.length === 0 ? '' : ` (${columns.map((column) => quoteIdent(column.name)).join(', ')})`;
  const options = view.options === null ? '' : ` WITH (${printOptions(view.options)})`;
  const query = view.query.trim().replace(/;$/, '');
  const data = view.materialized ? `\nWITH ${view.populated ? 'DATA' : 'NO DATA'}` : '';
  return {
    kind: 'view',
    name: object.name,
    dependencies: object.dependencies,
    ddl: [
      step('create', `CREATE ${what} ${name}${list}${options} AS\n${query}${data}`),
      ...columns
        .filter((column) => column.expression !== null)
        .map((column) =>
          step(
            'finish',
            `${alter} ALTER COLUMN ${quoteIdent(column.name)} SET DEFAULT ${column.expression}`,
            object.dependencies.filter(
              ({ kind, via }) => kind === 'sequence' && via === viaColumn(column.name),
            ),
          ),
        ),
      ...indexSteps(alter, indexes, object.dependencies),
      ...statisticsSteps(statistics),
      ...columnFinish(alter, name, columns),
      ...commentStep(`${what} ${name}`, view.comment),
    ],
    comment: view.comment,
    materialized: view.materialized,
  };
}
