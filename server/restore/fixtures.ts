import type { TableDescriptor } from '../cluster/descriptor.ts';
import type { RestoreItem } from './plan.ts';

/** A table of database `bank` without columns, restored under its own name. */
export function bareTable(name: string, part: Partial<TableDescriptor>): RestoreItem {
  const at = { database: 'bank', schema: 'public', name };
  return {
    descriptor: {
      kind: 'table',
      name: at,
      dependencies: [],
      ddl: [],
      comment: null,
      columns: [],
      primaryKey: null,
      rowKey: null,
      storage: null,
      ...part,
    },
    target: at,
  };
}
