import { ddlPhaseSchema, objectKindOf, storedColumns } from '../../cluster/descriptor.ts';
import type { Descriptor, ObjectKind, TableDescriptor } from '../../cluster/descriptor.ts';
import { nameKey, printName } from '../../cluster/names.ts';
import type { ObjectName } from '../../cluster/names.ts';
import { HoldfastError } from '../../errors.ts';
import type { DataFile, Manifest } from '../../format/manifest.ts';
import { Relations } from './related.ts';
import type { ColumnView, FileView, ObjectView, StepView, StoredTable } from './view.ts';

/** The object of that kind and name. Throws HoldfastError `undefined-object`; `url` is redacted, for its message. */
export function findObject(manifest: Manifest, kind: ObjectKind, name: ObjectName, url: string): Descriptor {
  const key = nameKey(name);
  const found = manifest.descriptors.find(
    (descriptor) => nameKey(descriptor.name) === key && objectKindOf(descriptor) === kind,
  );
  if (found !== undefined) return found;
  throw new HoldfastError(
    'undefined-object',
    `the backup at ${url} has no ${kind.replace('-', ' ')} ${printName(name)}`,
    { hint: 'The backup’s page lists what it has.' },
  );
}

/** What a backup has of one of its objects. */
export function objectView(manifest: Manifest, descriptor: Descriptor, url: string): ObjectView {
  const key = nameKey(descriptor.name);
  const relations = new Relations(manifest.descriptors);
  const isTable = descriptor.kind === 'table';
  return {
    backup: { url, type: manifest.type, moment: manifest.moment.at },
    name: descriptor.name,
    kind: objectKindOf(descriptor),
    comment: descriptor.comment,
    columns: isTable ? columnsOf(descriptor) : null,
    sequence:
      descriptor.kind === 'sequence'
        ? {
            lastValue: descriptor.lastValue,
            isCalled: descriptor.isCalled,
            ownedBy: descriptor.ownedBy,
          }
        : null,
    extensions: descriptor.extensions ?? [],
    needs: relations.needsOf(descriptor),
    neededBy: relations.neededBy(descriptor),
    ddl: stepsOf(descriptor, relations),
    leftOut: manifest.leftOut.flatMap(({ object, what }) =>
      object !== null && nameKey(object) === key ? what : [],
    ),
    stored: isTable ? storedOf(manifest, descriptor.name) : null,
    files: isTable ? filesOf(manifest, descriptor.name).map(fileView) : [],
  };
}

function columnsOf(table: TableDescriptor): ColumnView[] {
  return table.columns.map(({ name, type, nullable, generated }) => {
    const place = table.primaryKey?.indexOf(name) ?? -1;
    return { name, type, nullable, generated, key: place < 0 ? null : place + 1 };
  });
}

function stepsOf({ ddl }: Descriptor, relations: Relations): StepView[] {
  return ddlPhaseSchema.options.flatMap((phase) =>
    ddl
      .filter((step) => step.phase === phase)
      .map(({ sql, requires }) => ({
        phase,
        sql,
        lacks: requires
          .filter((dependency) => relations.find(dependency) === null)
          .map((dependency) => dependency.on),
      })),
  );
}

function filesOf(manifest: Manifest, table: ObjectName): DataFile[] {
  const key = nameKey(table);
  return manifest.files.filter((file) => nameKey(file.table) === key);
}

/** What one layer has of a table. */
export function storedOf(manifest: Manifest, table: ObjectName): StoredTable {
  const key = nameKey(table);
  const changes = manifest.changes.find((change) => nameKey(change.table) === key);
  const stored: StoredTable = {
    method: changes?.method ?? 'whole',
    reason: changes?.reason ?? null,
    rows: 0,
    deleted: 0,
    bytes: 0,
    rawBytes: 0,
  };
  for (const file of filesOf(manifest, table)) {
    if (file.kind === 'rows') stored.rows += file.rows;
    else stored.deleted += file.rows;
    stored.bytes += file.bytes;
    stored.rawBytes += file.rawBytes;
  }
  return stored;
}

export function fileView({ name, kind, rows, bytes, rawBytes, sha256, ranges }: DataFile): FileView {
  const start = ranges[0]?.start ?? null;
  const end = ranges.at(-1)?.end ?? null;
  return { name, kind, rows, bytes, rawBytes, sha256, ranges: { count: ranges.length, start, end } };
}

/** What the columns of a table's file are called; a type is null where the table says none. */
export function columnsOfFile(
  table: TableDescriptor,
  kind: DataFile['kind'],
): { name: string; type: string | null }[] {
  if (kind === 'rows') return storedColumns(table).map(({ name, type }) => ({ name, type }));
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  return (table.rowKey ?? []).map((name) => ({ name, type: types.get(name) ?? null }));
}
