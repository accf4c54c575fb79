import type { ViewDescriptor } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';
import type { KnownObject } from '../catalog.ts';
import type { Definition } from './definitions.ts';
import { depths, print, tokenize } from './lexer.ts';
import { qualified, step } from './sql.ts';

/** Descriptors of views. A materialized view is filled by its CREATE. */
export function describeViews(views: KnownObject[], definitions: Map<number, Definition>): ViewDescriptor[] {
  return views.flatMap((object) => {
    const definition = definitions.get(object.id);
    if (definition === undefined) return [];
    const materialized = object.kind === 'materialized-view';
    const create = materialized ? createMaterialized(object, definition.create) : definition.create;
    return [
      {
        kind: 'view',
        name: object.name,
        dependencies: object.dependencies,
        ddl: [
          step('create', create, object.dependencies),
          ...definition.comments.map((sql) => step('finish', sql)),
        ],
        comment: object.comment,
        materialized,
      },
    ];
  });
}

/** CockroachDB 21.1 prints a materialized view as a plain one, with its hidden rowid among the columns. */
function createMaterialized(object: KnownObject, createView: string): string {
  const tokens = tokenize(createView);
  const depth = depths(tokens);
  const as = tokens.findIndex(({ kind, value }, at) => kind === 'word' && value === 'as' && depth[at] === 0);
  const columns = (object.stored.table?.columns ?? []).filter(({ hidden }) => !hidden);
  const list = columns.map(({ name }) => quoteIdent(name)).join(', ');
  const name = qualified(object.name.schema, object.name.name);
  return `CREATE MATERIALIZED VIEW ${name} (${list}) ${print(tokens.slice(as))}`;
}
