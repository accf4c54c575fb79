import { storedColumns, type TableDescriptor } from './descriptor.ts';

/** Why what changed since a base can't be put upon the base's rows of a table; null when it can. */
export function whyWhole(then: TableDescriptor | undefined, now: TableDescriptor): string | null {
  if (then === undefined) return 'It is not in the newest base.';
  if (now.rowKey === null || then.rowKey === null || then.storage === null)
    return 'The base does not say which rows it holds.';
  if (then.storage !== now.storage) {
    return 'It was made anew, truncated, or given other columns or another key since the base.';
  }
  const shape = (table: TableDescriptor) =>
    JSON.stringify([table.rowKey, storedColumns(table).map(({ name, type }) => [name, type])]);
  return shape(then) === shape(now) ? null : 'Its columns have other names or types than in the base.';
}
