import { z } from 'zod';
import { problemOf } from '../backup/check.ts';
import type { Problem } from '../backup/selection.ts';
import type { ConnectionTest } from '../destinations/connection-test.ts';
import { HoldfastError } from '../errors.ts';
import { rootProcedure, router } from './init.ts';
import { destinationId, destinationInput, testInput } from './inputs.ts';

/**
 * Saved destinations. Credentials only ever come in, in a body; what is answered is redacted. Tests are mutations for that
 * body alone: a URL with a secret belongs in no address.
 */
export const destinationsRouter = router({
  list: rootProcedure.query(({ ctx }) => ctx.services.destinations.list()),

  add: rootProcedure
    .input(destinationInput)
    .mutation(({ ctx, input }) => ctx.services.destinations.add(input)),

  /** With `keep`, stored credentials stay where none are given. */
  change: rootProcedure
    .input(destinationInput.extend({ id: destinationId, keep: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.destinations.change(input.id, input, input)),

  remove: rootProcedure.input(z.object({ id: destinationId })).mutation(async ({ ctx, input }) => {
    await ctx.services.destinations.remove(input.id);
    return null;
  }),

  /** Writes, reads back and removes a probe; what can't be a place is data too, beside its field. */
  test: rootProcedure
    .input(testInput)
    .mutation(
      async ({
        ctx,
        input,
      }): Promise<({ status: 'tested' } & ConnectionTest) | { status: 'refused'; problem: Problem }> => {
        try {
          return { status: 'tested', ...(await ctx.services.connectionTests.run(input)) };
        } catch (error) {
          if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
          return { status: 'refused', problem: problemOf(error) };
        }
      },
    ),
});
