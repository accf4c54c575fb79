import { findTable } from '../cluster/descriptor.ts';
import { nameKey, printName } from '../cluster/names.ts';
import { checkName } from '../storage/names.ts';
import { StoreError } from '../storage/store.ts';
import { type DataFile, totalsOf, type UnsignedManifest } from './manifest-schema.ts';

/**
 * What contradicts itself in a manifest whose every member is well-formed: one sentence, or null. What passes here
 * can be trusted to name existing tables and harmless files.
 */
export function contradiction(manifest: UnsignedManifest): string | null {
  return (
    chainProblem(manifest) ??
    descriptorProblem(manifest) ??
    changesProblem(manifest) ??
    filesProblem(manifest) ??
    totalsProblem(manifest)
  );
}

function chainProblem({ id, type, chain }: UnsignedManifest): string | null {
  if (type === 'full' && chain.length > 0) return 'it is a full backup with bases';
  if (type === 'incremental' && chain.length === 0) return 'it is an incremental backup without a base';
  const ids = new Set([id, ...chain.map((layer) => layer.id)]);
  return ids.size === chain.length + 1 ? null : 'a backup is in its chain twice';
}

function descriptorProblem({ descriptors }: UnsignedManifest): string | null {
  const seen = new Set<string>();
  for (const { kind, name } of descriptors) {
    const key = `${kind} ${nameKey(name)}`;
    if (seen.has(key)) return `the ${kind} ${printName(name)} is in it twice`;
    seen.add(key);
  }
  return null;
}

/** Changes are of tables that have a key to find the base's rows by, and only an incremental backup has them. */
function changesProblem({ type, descriptors, changes }: UnsignedManifest): string | null {
  const seen = new Set<string>();
  for (const { table } of changes) {
    if (type === 'full') return `the full backup has only changes of the table ${printName(table)}`;
    if (seen.has(nameKey(table))) return `the changes of the table ${printName(table)} are in it twice`;
    seen.add(nameKey(table));
    const descriptor = findTable(descriptors, table);
    if (descriptor === undefined) return `it has changes of ${printName(table)}, which has no descriptor`;
    if (descriptor.rowKey === null) return `it has changes of ${printName(table)}, which has no key`;
  }
  return null;
}

function filesProblem({ descriptors, files, changes: changed }: UnsignedManifest): string | null {
  const changes = new Set(changed.map(({ table }) => nameKey(table)));
  const tables = new Set(descriptors.filter(({ kind }) => kind === 'table').map(({ name }) => nameKey(name)));
  const names = new Set<string>();
  for (const file of files) {
    const { name, kind } = file;
    const table = printName(file.table);
    if (!name.startsWith('data/') || !isFileName(name)) {
      return `${JSON.stringify(name)} is no name of a data file`;
    }
    if (names.has(name)) return `the file ${name} is in it twice`;
    names.add(name);
    if (!tables.has(nameKey(file.table))) {
      return `the file ${name} belongs to the table ${table}, which has no descriptor`;
    }
    if (kind === 'deleted' && !changes.has(nameKey(file.table))) {
      return `the file ${name} has deleted keys, but the table ${table} is in it whole`;
    }
  }
  for (const ofTable of Map.groupBy(files, ({ kind, table }) => `${kind} ${nameKey(table)}`).values()) {
    const problem = rangesProblem(ofTable);
    if (problem !== null) return problem;
  }
  return null;
}

/** Files of one kind and table: no range is in two. There may be a million, which is too much for a set of them. */
function rangesProblem(files: readonly DataFile[]): string | null {
  const indexes = new Float64Array(files.reduce((sum, { ranges }) => sum + ranges.length, 0));
  let count = 0;
  for (const { ranges } of files) for (const { index } of ranges) indexes[count++] = index;
  indexes.sort();
  const twice = indexes.find((index, place) => index === indexes[place + 1]);
  if (twice === undefined) return null;
  const last = files.findLast(({ ranges }) => ranges.some(({ index }) => index === twice));
  return last === undefined
    ? null
    : `range ${twice} of ${printName(last.table)} is in it twice: ${last.name}`;
}

function isFileName(name: string): boolean {
  try {
    checkName(name);
    return true;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

function totalsProblem({ files, totals }: UnsignedManifest): string | null {
  const sums = totalsOf(files);
  for (const what of ['rows', 'bytes', 'rawBytes'] as const) {
    if (sums[what] !== totals[what]) {
      return `its total of ${what} is ${totals[what]}, but its files have ${sums[what]}`;
    }
  }
  return null;
}
