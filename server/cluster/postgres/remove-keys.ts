import type { Readable } from 'node:stream';
import type { TableDescriptor } from '../descriptor.ts';
import { HoldfastError } from '../../errors.ts';
import { printName } from '../names.ts';
import type { Connections } from './connections.ts';

/** Implements Cluster.removeKeys. */
export function removeKeys(
  _connections: Connections,
  database: string,
  table: TableDescriptor,
  keys: Readable,
  _signal: AbortSignal,
  _once?: { restore: string; key: string },
): Promise<{ rows: number }> {
  keys.destroy();
  return Promise.reject(
    new HoldfastError(
      'unsupported',
      `rows can't be removed from ${printName({ ...table.name, database })} yet`,
    ),
  );
}
