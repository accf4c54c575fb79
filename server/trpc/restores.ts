import { z } from 'zod';
import type { RestoreStatement } from '../statement/ast.ts';
import { restoreInput, userNames, usersInput } from './inputs.ts';
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

  /** The users that a backup carries, beside those of a cluster. */
  users: rootProcedure
    .input(usersInput)
    .query(({ ctx, input }) => ctx.services.users.compare(input.source, input.cluster)),

  /** Creates users of a backup in a cluster, or updates those that are there; what became of each is data. */
  recreateUsers: rootProcedure
    .input(usersInput.extend({ names: userNames, how: z.enum(['create', 'update']) }))
    .mutation(({ ctx, input }) =>
      ctx.services.users.recreate(input.source, input.cluster, input.names, input.how),
    ),
});
