import { z } from 'zod';
import type { Proof } from '../metadata/proofs.ts';
import { type FindingView, viewOf } from '../restore/verify/finding.ts';
import type { VerifyDepth } from '../statement/ast.ts';
import { jobIdInput, verifyInput } from './inputs.ts';
import { rootProcedure, router } from './init.ts';

/** What a VERIFY has found. */
export interface VerifyView {
  jobId: string;
  depth: VerifyDepth;
  outcome: 'sound' | 'damaged';
  /** The first of them, where there are very many. */
  findings: FindingView[];
  /** `findings` counts all. */
  figures: Proof['figures'];
  finishedAt: string;
}

function verifyOf(proofs: readonly (Proof | null)[]): VerifyView | null {
  for (const proof of proofs)
    if (proof?.kind === 'verify') {
      const { jobId, depth, outcome, findings, figures, finishedAt } = proof;
      return {
        jobId,
        depth,
        outcome,
        findings: findings.map(viewOf),
        figures,
        finishedAt: finishedAt.toISOString(),
      };
    }
  return null;
}

export const verifiesRouter = router({
  /** Verifies a backup and all that it builds on. */
  start: rootProcedure.input(verifyInput).mutation(async ({ ctx, input }) => ({
    jobId: await ctx.services.statements.startVerify(
      { kind: 'verify', urls: [input.url], options: { depth: input.depth, detached: false } },
      { user: ctx.session.user },
      { recorded: true },
    ),
  })),

  /** What a job has found; null as long as it has not. */
  ofJob: rootProcedure
    .input(jobIdInput)
    .query(async ({ ctx, input }) => verifyOf([await ctx.services.proofs.ofJob(input.id)])),

  /** What the last VERIFY of a backup found, by its manifest’s id; null where there was none. */
  last: rootProcedure
    .input(z.object({ backupId: z.uuid() }))
    .query(async ({ ctx, input }) => verifyOf(await ctx.services.proofs.latest([input.backupId]))),
});
