import { tracked } from '@trpc/server';
import { z } from 'zod';
import { objectNameSchema } from '../cluster/names.ts';
import { JOB_FILTERS, JOB_KINDS } from '../jobs/job.ts';
import { TASK_FILTERS } from '../jobs/progress.ts';
import { jobIdInput } from './inputs.ts';
import { rootProcedure, router } from './init.ts';

export const jobsRouter = router({
  /** Newest first, a page at a time: `cursor` is the `next` of the page before. */
  list: rootProcedure
    .input(
      z.object({
        cursor: z.string().max(20).nullish(),
        limit: z.number().int().min(1).max(200).default(50),
        kind: z.enum(JOB_KINDS).optional(),
        state: z.enum(JOB_FILTERS).optional(),
      }),
    )
    .query(({ ctx, input }) => ctx.services.jobs.page(input)),

  get: rootProcedure.input(jobIdInput).query(({ ctx, input }) => ctx.services.jobs.view(input.id)),

  /** How far each table is. */
  tables: rootProcedure.input(jobIdInput).query(({ ctx, input }) => ctx.services.jobs.tables(input.id)),

  /** How far the tasks of each node are. */
  nodes: rootProcedure.input(jobIdInput).query(({ ctx, input }) => ctx.services.jobs.nodes(input.id)),

  /** What each engine does and has done. */
  engines: rootProcedure.input(jobIdInput).query(({ ctx, input }) => ctx.services.jobs.engines(input.id)),

  /** Tasks, those that need a look first, a page at a time: `cursor` is the `next` of the page before. */
  tasks: rootProcedure
    .input(
      jobIdInput.extend({
        cursor: z.string().max(20).nullish(),
        limit: z.number().int().min(1).max(500).default(100),
        state: z.enum(TASK_FILTERS).optional(),
        table: objectNameSchema.optional(),
        node: z.string().max(255).optional(),
      }),
    )
    .query(({ ctx, input }) => ctx.services.jobs.tasks(input.id, input)),

  /** What the job is stuck on; null while something moves. */
  stuck: rootProcedure.input(jobIdInput).query(({ ctx, input }) => ctx.services.jobs.stuck(input.id)),

  /**
   * A job's events as they happen, each once and in order, of old progress only some, until the job has ended. They come
   * as many at a time as there are; the id is the number of the last: a client that reconnects says the last one it saw
   * and goes on after it.
   */
  watch: rootProcedure
    .input(jobIdInput.extend({ lastEventId: z.coerce.number().int().min(0).nullish() }))
    .subscription(async function* ({ ctx, input, signal }) {
      for await (const events of ctx.services.jobs.batches(input.id, input.lastEventId ?? 0, signal)) {
        yield tracked(String(events.at(-1)?.seq ?? 0), events);
      }
    }),

  pause: rootProcedure.input(jobIdInput).mutation(async ({ ctx, input }) => {
    await ctx.services.statements.controlJob(input.id, 'pause');
    return null;
  }),

  resume: rootProcedure.input(jobIdInput).mutation(async ({ ctx, input }) => {
    await ctx.services.statements.controlJob(input.id, 'resume');
    return null;
  }),

  cancel: rootProcedure.input(jobIdInput).mutation(async ({ ctx, input }) => {
    await ctx.services.statements.controlJob(input.id, 'cancel');
    return null;
  }),
});
