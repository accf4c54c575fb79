import { z } from 'zod';
import type { Proof } from '../metadata/proofs.ts';
import { printName } from '../cluster/names.ts';
import { drillInput, jobIdInput } from './inputs.ts';
import { rootProcedure, router } from './init.ts';

/** What a DRILL has found. */
export interface DrillView {
  jobId: string;
  cluster: string;
  outcome: 'passed' | 'failed';
  /** `table`: as it is called in the backup; null where it is no single one's. */
  findings: { table: string | null; reason: string }[];
  figures: Proof['figures'];
  finishedAt: string;
}

function drillOf(proofs: readonly (Proof | null)[]): DrillView | null {
  for (const proof of proofs)
    if (proof?.kind === 'drill') {
      const { jobId, cluster, outcome, findings, figures, finishedAt } = proof;
      return {
        jobId,
        cluster,
        outcome,
        findings: findings.map(({ table, reason }) => ({
          table: table === null ? null : printName(table),
          reason,
        })),
        figures,
        finishedAt: finishedAt.toISOString(),
      };
    }
  return null;
}

export const drillsRouter = router({
  /** Restores a backup, and all that it builds on, into scratch databases of a cluster, and compares what is there with it. */
  start: rootProcedure.input(drillInput).mutation(async ({ ctx, input }) => ({
    jobId: await ctx.services.statements.startDrill(
      { kind: 'drill', urls: [input.url], options: { detached: false } },
      { cluster: input.cluster, user: ctx.session.user },
      { recorded: true },
    ),
  })),

  /** What a job has found; null as long as it has not. */
  ofJob: rootProcedure
    .input(jobIdInput)
    .query(async ({ ctx, input }) => drillOf([await ctx.services.proofs.ofJob(input.id)])),

  /** What the last DRILL of a backup found, by its manifest’s id; null where there was none. */
  last: rootProcedure
    .input(z.object({ backupId: z.uuid() }))
    .query(async ({ ctx, input }) => drillOf(await ctx.services.proofs.latest([input.backupId]))),
});
