import { neededToCreate } from '../../cluster/descriptor.ts';
import type { Descriptor } from '../../cluster/descriptor.ts';
import { momentText } from '../../cluster/moment.ts';
import { nameKey, printName, quoteIdent } from '../../cluster/names.ts';
import type { ObjectName } from '../../cluster/names.ts';
import { HoldfastError } from '../../errors.ts';
import type { Manifest } from '../../format/manifest.ts';
import { restoreSteps } from '../order.ts';
import { Relations } from './related.ts';
import type { SchemaText } from './view.ts';

/**
 * The statements that make the objects of one database of a backup, in the order in which a restore runs them, to be run in
 * a connection to an empty database. What can't run without objects that the backup lacks stands at the end, as comments.
 * Throws HoldfastError `undefined-database`; `url` is redacted.
 */
export function schemaText(manifest: Manifest, database: string, url: string): SchemaText {
  const descriptors = manifest.descriptors.filter(({ name }) => name.database === database);
  if (descriptors.length === 0) {
    throw new HoldfastError(
      'undefined-database',
      `the backup at ${url} has nothing of the database ${quoteIdent(database)}`,
      { hint: 'The backup’s page lists what it has.' },
    );
  }
  const relations = new Relations(manifest.descriptors);
  const usable = usableOf(descriptors, relations);
  const there = new Set([...usable].map(({ name }) => nameKey(name)));
  const isThere = (name: ObjectName): boolean => there.has(nameKey(name));
  const items = [...usable].map((descriptor) => ({ descriptor, target: descriptor.name }));
  const { create, keys, indexes, foreignKeys, views, finish } = restoreSteps(items, isThere);
  const statements = (steps: readonly { sql: string }[]): string[] => steps.map(({ sql }) => `${sql};`);
  const parts: [string, string[]][] = [
    ['', beforeAll(manifest, descriptors)],
    ['Types, functions, sequences and bare tables', statements(create)],
    ['Keys; a restore loads the rows before these', statements(keys)],
    ['Indexes', statements(indexes)],
    ['Foreign keys', statements(foreignKeys)],
    ['Views', statements(views)],
    ['Ownership of sequences, comments and the like', statements(finish)],
    ['Left out, for want of objects that are not in the backup', leftOut(descriptors, usable, isThere)],
  ];
  const text = parts
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [...(title === '' ? [] : [`-- ${title}`, '']), ...lines, ''].join('\n'));
  return {
    name: `${database.replaceAll(/[^A-Za-z0-9_-]+/g, '_').slice(0, 80)}-${manifest.id.slice(0, 8)}.sql`,
    text: [header(manifest, database, url), ...text].join('\n'),
  };
}

/** Those that have all they need to be created, and for which that is true of what they need too. */
function usableOf(descriptors: readonly Descriptor[], relations: Relations): Set<Descriptor> {
  const usable = new Set(descriptors);
  for (let before = -1; before !== usable.size;) {
    before = usable.size;
    for (const descriptor of usable) {
      const lacks = neededToCreate(descriptor).some((dependency) => {
        const needed = relations.find(dependency);
        return needed === null || !usable.has(needed);
      });
      if (lacks) usable.delete(descriptor);
    }
  }
  return usable;
}

function header(manifest: Manifest, database: string, url: string): string {
  const { cluster, chain } = manifest;
  const layer =
    manifest.type === 'full'
      ? 'a full backup'
      : `layer ${chain.length + 1} of a chain, an incremental backup`;
  return [
    `Schema of the database ${quoteIdent(database)}, from the backup at ${url}`,
    `(${manifest.id}, ${layer}), as of ${momentText(manifest.moment)}.`,
    `Cluster ${quoteIdent(cluster.name)}, ${cluster.kind} ${cluster.version}. Written by Holdfast ${manifest.holdfastVersion}.`,
    '',
    'To be run in a connection to an empty database. There are no rows in here, no users, no grants, no values of',
    'sequences, and nothing that the backup itself leaves out.',
  ]
    .map((line) => `${comment(line)}\n`)
    .join('');
}

/** A name may have line breaks: none of it may come to stand outside of the comment. */
function comment(text: string): string {
  return text === '' ? '--' : `-- ${text.replaceAll(/[\r\n\u2028\u2029]+/g, ' ')}`;
}

function beforeAll({ cluster }: Manifest, descriptors: readonly Descriptor[]): string[] {
  const schemas = new Set(descriptors.map(({ name }) => name.schema).filter((schema) => schema !== 'public'));
  const extensions = new Map(
    descriptors.flatMap((descriptor) => descriptor.extensions ?? []).map((each) => [each.name, each]),
  );
  for (const { schema } of extensions.values())
    if (schema !== 'public' && schema !== 'pg_catalog') schemas.add(schema);
  return [
    // The text of a function may speak of what is made after it.
    ...(cluster.kind === 'cockroachdb' ? [] : ['SET check_function_bodies = off;']),
    ...[...schemas].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${quoteIdent(schema)};`),
    ...[...extensions.values()].map(
      ({ name, schema }) =>
        `CREATE EXTENSION IF NOT EXISTS ${quoteIdent(name)} SCHEMA ${quoteIdent(schema)};`,
    ),
  ];
}

function leftOut(
  descriptors: readonly Descriptor[],
  usable: ReadonlySet<Descriptor>,
  isThere: (name: ObjectName) => boolean,
): string[] {
  return descriptors.flatMap((descriptor) => {
    const steps = descriptor.ddl.filter(
      ({ requires }) => !usable.has(descriptor) || !requires.every(({ on }) => isThere(on)),
    );
    if (steps.length === 0) return [];
    const lacks = new Set(
      descriptor.dependencies.filter(({ on }) => !isThere(on)).map(({ on }) => printName(on)),
    );
    return [
      comment(`${printName(descriptor.name)} needs ${[...lacks].join(', ')}:`),
      ...steps.flatMap(({ sql }) => `${sql};`.split(/\r\n|[\r\n]/).map(comment)),
    ];
  });
}
