import { z } from 'zod';
import type { ImportSource } from '../imports/importer.ts';
import { destinationId } from './inputs.ts';
import { rootProcedure, router } from './init.ts';

const source: z.ZodType<ImportSource> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('saved'), id: destinationId }),
  z.object({ kind: z.literal('url'), url: z.string().max(65_536) }),
]);
const urls = z.array(z.string().min(1).max(8192)).min(1).max(500);

/** Backups that lie at a destination and that this Holdfast may not know of, as after the loss of its metadata store. */
export const importsRouter = router({
  /** What is there, as it is found. A mutation for its body alone: a URL with a secret belongs in no address. */
  scan: rootProcedure
    .input(z.object({ source }))
    .mutation(({ ctx, input, signal }) => ctx.services.importer.scan(input.source, signal)),

  /** Records backups of what was found, by their URLs. */
  add: rootProcedure
    .input(z.object({ source, urls }))
    .mutation(({ ctx, input }) => ctx.services.importer.add(input.source, input.urls)),

  /** Forgets records; files stay. */
  forget: rootProcedure.input(z.object({ urls })).mutation(async ({ ctx, input }) => {
    await ctx.services.importer.forget(input.urls);
    return null;
  }),
});
