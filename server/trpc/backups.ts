import { z } from 'zod';
import { checkSelection } from '../backup/check.ts';
import { objectKindSchema } from '../cluster/descriptor.ts';
import { objectNameSchema } from '../cluster/names.ts';
import { MOST_ROWS } from '../restore/browse/browser.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { backupInput, targetsInput } from './inputs.ts';
import { rootProcedure, router } from './init.ts';

const backupUrl = z.string().min(1).max(8192);

function statementOf(input: z.infer<typeof backupInput>): BackupStatement {
  return {
    kind: 'backup',
    targets: input.targets,
    to: input.destination,
    asOf: input.asOf,
    incrementalFrom: input.bases,
    options: { detached: false },
  };
}

export const backupsRouter = router({
  /** What a selection comes down to and what it lacks: quick, called at every click in the tree. */
  check: rootProcedure
    .input(z.object({ cluster: z.string(), targets: targetsInput }))
    .query(async ({ ctx, input }) =>
      checkSelection(await ctx.services.clusters.connect(input.cluster), input.targets),
    ),

  /** What an incremental backup of a selection could build on, newest first, with the deadline of each. */
  bases: rootProcedure
    .input(z.object({ cluster: z.string(), targets: targetsInput, also: backupUrl.nullable().default(null) }))
    .query(({ ctx, input }) =>
      ctx.services.statements.baseCandidates(input.targets, input.cluster, input.also),
    ),

  /** What a BACKUP would do; problems come back as data, beside their fields. Writes nothing. */
  plan: rootProcedure
    .input(backupInput)
    .query(({ ctx, input }) => ctx.services.statements.planBackup(statementOf(input), input.cluster)),

  start: rootProcedure.input(backupInput).mutation(async ({ ctx, input }) => ({
    jobId: await ctx.services.statements.startBackup(statementOf(input), {
      cluster: input.cluster,
      user: ctx.session.user,
    }),
  })),

  /** Backups that this Holdfast made or that were imported, newest first; with `text`, those whose URL or cluster has it. */
  list: rootProcedure
    .input(z.object({ text: z.string().max(1000) }).optional())
    .query(({ ctx, input }) => ctx.services.known.list(input?.text.trim())),

  /** Whether a backup was made here or imported; null for neither. `jobId` is that of its manifest. */
  about: rootProcedure
    .input(z.object({ url: backupUrl, jobId: z.string().max(100) }))
    .query(({ ctx, input }) => ctx.services.known.about(input.url, input.jobId)),

  /** What a backup URL holds, read from its manifest. */
  inspect: rootProcedure
    .input(z.object({ url: backupUrl }))
    .query(({ ctx, input }) => ctx.services.statements.inspectBackup(input.url)),

  /** The chain that a backup ends, oldest to newest, each layer as it is where its manifest says that it was. */
  chain: rootProcedure
    .input(z.object({ url: backupUrl }))
    .query(({ ctx, input }) => ctx.services.statements.inspectChain(input.url)),

  /** One object of a backup: its columns, DDL, dependencies and files, read from the manifest. */
  object: rootProcedure
    .input(z.object({ url: backupUrl, kind: objectKindSchema, name: objectNameSchema }))
    .query(({ ctx, input }) => ctx.services.browser.object(input.url, input.kind, input.name)),

  /** The layers of the backup's chain that make a table up. */
  tableLayers: rootProcedure
    .input(z.object({ url: backupUrl, table: objectNameSchema }))
    .query(({ ctx, input }) => ctx.services.browser.layers(input.url, input.table)),

  /** The first rows of a data file, by the name that the manifest has for it. */
  firstRows: rootProcedure
    .input(
      z.object({ url: backupUrl, file: z.string().min(1).max(1024), rows: z.int().min(1).max(MOST_ROWS) }),
    )
    .query(({ ctx, input }) => ctx.services.browser.firstRows(input.url, input.file, input.rows)),

  /** Statements that make the objects of one database of the backup. */
  schema: rootProcedure
    .input(z.object({ url: backupUrl, database: z.string().min(1) }))
    .query(({ ctx, input }) => ctx.services.browser.schema(input.url, input.database)),
});
