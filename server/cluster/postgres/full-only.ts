import { HoldfastError } from '../../errors.ts';
import type { ChangeChunk, GcWindow, Prerequisite, TableChanges, TableRange } from '../cluster.ts';

const TAKE_FULL = { hint: 'Take a full backup.', field: 'bases' } as const;

/** The part of Cluster about changes, which PostgreSQL doesn't tell yet: full backups only. */
export abstract class FullBackupsOnly {
  gcWindows(): Promise<GcWindow[]> {
    return Promise.resolve([]);
  }

  prerequisites(): Promise<Prerequisite[]> {
    return Promise.resolve([]);
  }

  meet(id: string): Promise<void> {
    return Promise.reject(new HoldfastError('unsupported', `there is no '${id}' to turn on in PostgreSQL`));
  }

  planChanges(): Promise<TableChanges[]> {
    return Promise.reject(refusal());
  }

  // eslint-disable-next-line require-yield -- there are none
  async *changeRanges(): AsyncGenerator<TableRange, void> {
    await Promise.reject(refusal());
  }

  // eslint-disable-next-line require-yield -- there are none
  async *readChanges(): AsyncGenerator<ChangeChunk, void> {
    await Promise.reject(refusal());
  }
}

function refusal(): HoldfastError {
  return new HoldfastError('unsupported', 'what changed in PostgreSQL can not be read', TAKE_FULL);
}
