import { z } from 'zod';
import { rootProcedure, router } from './init.ts';

const clusterInput = z.object({ cluster: z.string().min(1).max(255) });

export const clustersRouter = router({
  /** Registered clusters, with what each answers right now or why it doesn't. */
  list: rootProcedure.query(({ ctx }) => ctx.services.clusters.overview()),

  databases: rootProcedure
    .input(clusterInput)
    .query(({ ctx, input }) => ctx.services.clusters.databases(input.cluster)),

  /** One database's tables, views, sequences and types with sizes, row estimates and dependencies. */
  catalog: rootProcedure
    .input(clusterInput.extend({ database: z.string().min(1).max(255) }))
    .query(async ({ ctx, input }) =>
      (await ctx.services.clusters.connect(input.cluster)).catalog(input.database),
    ),
});
