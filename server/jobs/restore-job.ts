import type { RestoreStatement } from '../statement/ast.ts';
import { checkOnJob } from './await-tasks.ts';
import type { ClaimedJob } from './ledger.ts';
import { restoreAll } from './restore-attempt.ts';
import { undoRestore } from './restore-undo.ts';
import type { EngineTools } from './tools.ts';

/**
 * Coordinates a RESTORE from wherever an earlier coordinator left it. Returns when all of it is there; throws otherwise, with the ledger
 * telling what is to undo.
 */
export async function runRestore(
  job: ClaimedJob,
  statement: RestoreStatement,
  tools: EngineTools,
): Promise<void> {
  const restored = await restoreAll(
    job,
    {
      from: statement.from,
      aim: () => ({ statement }),
      prints: false,
      after: () => [],
      bar: { rows: 0.8, end: 1 },
      undo: undoRestore,
    },
    tools,
  );
  if (restored === null) return;
  await checkOnJob(job, tools);
  const { cluster, context } = restored;
  await tools.tasks.share(job, { ...context, plan: { ...context.plan, complete: true } });
  for (const database of context.plan.databases) await cluster.closeLedger(database, job.id);
}
