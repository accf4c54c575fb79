'use client';
import { z } from 'zod';
import { useSessionState } from '../session-state.ts';

/** Where a restore puts what it restores. */
export const intoSchema = z.enum(['own', 'existing', 'new']);
export type Into = z.infer<typeof intoSchema>;

/** What the restore page has collected for one backup; a reload keeps it. */
export const draftSchema = z.object({
  cluster: z.string().nullable(),
  /** null: everything. */
  picked: z.record(z.string(), z.union([z.literal('all'), z.array(z.string())])).nullable(),
  /** null: nobody has chosen yet. */
  into: intoSchema.nullable(),
  existingDb: z.string().nullable(),
  /** null: as suggested. */
  newDb: z.string().nullable(),
  skipMissingForeignKeys: z.boolean(),
  skipMissingSequences: z.boolean(),
  skipMissingViews: z.boolean(),
});
export type RestoreDraft = z.infer<typeof draftSchema>;

/** For one backup: key the component by its URL. */
export function useRestoreDraft(url: string) {
  return useSessionState<RestoreDraft>(`holdfast.restore ${url}`, draftSchema, {
    cluster: null,
    picked: null,
    into: null,
    existingDb: null,
    newDb: null,
    skipMissingForeignKeys: false,
    skipMissingSequences: false,
    skipMissingViews: false,
  });
}

/** Another cluster to restore into: what was said of the databases of the one before holds no more. */
export function intoCluster(cluster: string): Partial<RestoreDraft> {
  return { cluster, into: null, existingDb: null };
}
