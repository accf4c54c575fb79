import { tracked } from '@trpc/server';
import { z } from 'zod';
import { jobIdInput } from './inputs.ts';
import { rootProcedure, router } from './init.ts';

export const jobsRouter = router({
  /** Newest first, a page at a time: `cursor` is the `next` of the page before. */
  list: rootProcedure
    .input(
      z.object({
        cursor: z.string().max(20).nullish(),
        limit: z.number().int().min(1).max(200).default(50),
        kind: z.enum(['BACKUP', 'RESTORE']).optional(),
        active: z.boolean().optional(),
      }),
    )
    .query(({ ctx, input }) => ctx.services.jobs.page(input)),

  get: rootProcedure.input(jobIdInput).query(({ ctx, input }) => ctx.services.jobs.view(input.id)),

  /** How far each table is. */
  tables: rootProcedure.input(jobIdInput).query(({ ctx, input }) => ctx.services.jobs.tables(input.id)),

  /**
   * A job's events as they happen, each once and in order, until the job has ended. The id of an event is its
   * number: a client that reconnects says the last one it saw and goes on after it.
   */
  watch: rootProcedure
    .input(jobIdInput.extend({ lastEventId: z.coerce.number().int().min(0).nullish() }))
    .subscription(async function* ({ ctx, input, signal }) {
      for await (const event of ctx.services.jobs.watch(input.id, input.lastEventId ?? 0, signal)) {
        yield tracked(String(event.seq), event);
      }
    }),

  cancel: rootProcedure.input(jobIdInput).mutation(async ({ ctx, input }) => {
    await ctx.services.statements.controlJob(input.id, 'cancel');
    return null;
  }),
});
