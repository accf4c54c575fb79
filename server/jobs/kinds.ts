import { removeBackupFiles } from './backup-files.ts';
import { runBackup } from './backup-job.ts';
import { runDrill, undoDrill } from './drill-job.ts';
import { workDrillTask } from './drill-task.ts';
import { exportContextOf, workExportTask } from './export-task.ts';
import type { ClaimedJob } from './ledger.ts';
import { loadContextOf, workLoadTask } from './load-task.ts';
import { runRestore } from './restore-job.ts';
import { undoRestore } from './restore-undo.ts';
import type { JobSpec } from './spec.ts';
import type { TaskWork } from './task-worker.ts';
import type { EngineTools } from './tools.ts';
import { runVerify } from './verify-job.ts';
import { workVerifyTask } from './verify-task.ts';

/** What a job of one kind does. */
export interface Doing {
  /** Coordinates it from wherever an earlier coordinator left it; returns when all of it is done. */
  run(job: ClaimedJob, tools: EngineTools): Promise<void>;
  /** Works one try of one of its tasks; `shared` is what all tasks of the attempt share. */
  work(shared: unknown, work: TaskWork): Promise<void>;
  /** Removes what it wrote, and nothing else. Answers `complete`, and removes nothing, where an earlier attempt had finished. */
  undo(job: ClaimedJob, tools: EngineTools): Promise<'complete' | 'undone'>;
}

/** What there is to do of what was asked for: the one place that tells the kinds of jobs apart. */
export function doingOf(spec: JobSpec): Doing {
  switch (spec.kind) {
    case 'backup':
      return {
        run: (job, tools) => runBackup(job, spec, tools),
        work: (shared, work) => workExportTask(spec, exportContextOf(shared), work),
        undo: (job, tools) => removeBackupFiles(job, spec, tools),
      };
    case 'restore':
      return {
        run: (job, tools) => runRestore(job, spec, tools),
        work: (shared, work) => workLoadTask(spec.from, loadContextOf(shared), work),
        undo: undoRestore,
      };
    case 'drill':
      return {
        run: (job, tools) => runDrill(job, spec, tools),
        work: (shared, work) => workDrillTask(spec.urls, loadContextOf(shared), work),
        undo: undoDrill,
      };
    case 'verify':
      return {
        run: (job, tools) => runVerify(job, spec, tools),
        work: (_shared, work) => workVerifyTask(spec, work),
        // It writes nothing.
        undo: async () => 'undone',
      };
  }
}
