import type { z } from 'zod';
import type { RestoreStatement } from '../statement/ast.ts';
import { restoreInput } from './inputs.ts';
import { rootProcedure, router } from './init.ts';

function statementOf(input: z.infer<typeof restoreInput>): RestoreStatement {
  return {
    kind: 'restore',
    targets: input.targets,
    from: [input.source],
    asOf: null,
    options: {
      intoDb: input.intoDb,
      createDb: input.createDb,
      skipMissingForeignKeys: input.skipMissingForeignKeys,
      skipMissingSequences: input.skipMissingSequences,
      skipMissingViews: input.skipMissingViews,
      detached: false,
    },
  };
}

export const restoresRouter = router({
  /** What a RESTORE of the backup, and of all that it builds on, would do; problems come back as data. Writes nothing. */
  plan: rootProcedure
    .input(restoreInput)
    .query(({ ctx, input }) =>
      ctx.services.statements.planRestore(statementOf(input), input.cluster, { recorded: true }),
    ),

  start: rootProcedure.input(restoreInput).mutation(async ({ ctx, input }) => ({
    jobId: await ctx.services.statements.startRestore(
      statementOf(input),
      { cluster: input.cluster, user: ctx.session.user },
      { recorded: true },
    ),
  })),
});
