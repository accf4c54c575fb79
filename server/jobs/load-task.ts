import { z } from 'zod';
import { findTable } from '../cluster/descriptor.ts';
import { printName } from '../cluster/names.ts';
import type { ObjectName } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { dataFileSchema } from '../format/manifest.ts';
import { loadFile } from '../restore/load.ts';
import { removeChanged } from '../restore/remove.ts';
import type { RestoreStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import { clusterOf } from './job.ts';
import { loadContextSchema } from './spec.ts';
import type { LoadContext } from './spec.ts';
import type { TaskWork } from './task-worker.ts';

/** One task of a RESTORE: a `RestoreStep`; `layer` counts the URLs of the statement from 0. */
export const loadTaskSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('load'), layer: z.number().int(), file: dataFileSchema }),
  z.object({ kind: z.literal('remove'), layer: z.number().int(), files: z.array(dataFileSchema).min(1) }),
]);
export type LoadTask = z.infer<typeof loadTaskSchema>;

/** What a step works on: all of its files are of one table. */
export function tableOf(step: LoadTask): ObjectName {
  const file = step.kind === 'load' ? step.file : step.files[0];
  if (file === undefined) throw new HoldfastError('internal', 'a step of a restore has no file');
  return file.table;
}

/** What a step is called in the ledger: layers have files of the same names, and each is read by steps of both kinds. */
function ledgerKey(step: LoadTask): string {
  const file = step.kind === 'load' ? step.file : step.files[0];
  return `${step.layer} ${step.kind} ${file?.name}`;
}

/** Works one task of a RESTORE: one data file's rows into their table, or the rows of some files' keys out of theirs. */
export async function workLoadTask(
  statement: RestoreStatement,
  context: LoadContext,
  work: TaskWork,
): Promise<void> {
  const { tools, task, signal } = work;
  const step = loadTaskSchema.parse(task.body);
  const name = tableOf(step);
  const url = statement.from[step.layer];
  const table = findTable(context.descriptors, name);
  const database = context.databases[name.database];
  if (table === undefined || url === undefined || database === undefined) {
    throw new HoldfastError('internal', `the plan lacks what is needed to load "${printName(name)}"`);
  }
  const location = parseLocation(url, 'source');
  const store = tools.openStore(location, tools.waits.of(task.jobId));
  try {
    const cluster = await tools.clusters.connect(clusterOf(work));
    const target = { restore: task.jobId, key: ledgerKey(step), database, table };
    if (step.kind === 'remove') {
      await tools.turns.during(() =>
        removeChanged(cluster, store, location, { ...target, files: step.files }, signal),
      );
      // What is loaded is what counts as a restore's rows and bytes.
      await work.finish({ rows: 0, bytes: 0, storedBytes: 0 }, { rows: 0 });
      return;
    }
    const { file } = step;
    const share = file.rawBytes === 0 ? 0 : 1 / file.rawBytes;
    const onProgress = (bytes: number) => {
      const done = bytes * share;
      work.report({
        rows: Math.floor(file.rows * done),
        bytes,
        storedBytes: Math.floor(file.bytes * done),
      });
    };
    const { rows } = await tools.turns.during(() =>
      loadFile(cluster, store, location, { ...target, file }, { signal, onProgress }),
    );
    await work.finish({ rows, bytes: file.rawBytes, storedBytes: file.bytes }, { rows });
  } finally {
    await store.close();
  }
}

/** Reads what an attempt's load tasks share. */
export function loadContextOf(shared: unknown): LoadContext {
  return loadContextSchema.parse(shared);
}
