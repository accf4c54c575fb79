import { z } from 'zod';
import { descriptorSchema } from '../cluster/descriptor.ts';
import { momentSchema } from '../cluster/moment.ts';
import { objectNameSchema } from '../cluster/names.ts';
import { dataFileSchema } from '../format/manifest.ts';
import { VERIFY_DEPTHS } from '../statement/ast.ts';
import type { BackupStatement, DrillStatement, RestoreStatement, VerifyStatement } from '../statement/ast.ts';

const patternSchema = z.object({
  database: z.string(),
  schema: z.string().nullable(),
  name: z.string().nullable(),
});
const targetsSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tables'), patterns: z.array(patternSchema) }),
  z.object({ kind: z.literal('databases'), names: z.array(z.string()) }),
]);

const backupStatementSchema: z.ZodType<BackupStatement> = z.object({
  kind: z.literal('backup'),
  targets: targetsSchema,
  to: z.string(),
  asOf: z.string().nullable(),
  incrementalFrom: z.array(z.string()),
  options: z.object({ detached: z.boolean() }),
});

const restoreStatementSchema: z.ZodType<RestoreStatement> = z.object({
  kind: z.literal('restore'),
  targets: targetsSchema,
  from: z.array(z.string()),
  asOf: z.string().nullable(),
  options: z.object({
    intoDb: z.string().nullable(),
    createDb: z.boolean(),
    skipMissingForeignKeys: z.boolean(),
    skipMissingSequences: z.boolean(),
    skipMissingViews: z.boolean(),
    detached: z.boolean(),
  }),
});

const drillStatementSchema: z.ZodType<DrillStatement> = z.object({
  kind: z.literal('drill'),
  urls: z.array(z.string()),
  options: z.object({ detached: z.boolean() }),
});

const verifyStatementSchema: z.ZodType<VerifyStatement> = z.object({
  kind: z.literal('verify'),
  urls: z.array(z.string()),
  options: z.object({ depth: z.enum(VERIFY_DEPTHS), detached: z.boolean() }),
});

/** What a job was asked to do, URLs with their credentials included: sealed wherever it is kept. */
export const jobSpecSchema = z.union([
  backupStatementSchema,
  restoreStatementSchema,
  verifyStatementSchema,
  drillStatementSchema,
]);
export type JobSpec = z.infer<typeof jobSpecSchema>;

/** What all export tasks of one attempt share. */
export const exportContextSchema = z.object({
  kind: z.literal('export'),
  moment: momentSchema,
  /** The newest base's moment; null in a full backup. */
  from: momentSchema.nullable(),
  descriptors: z.array(descriptorSchema),
  /** How each table goes into an incremental backup; empty in a full one. */
  changes: z.array(
    z.object({
      table: objectNameSchema,
      method: z.enum(['feed', 'comparison', 'whole']),
      reason: z.string().nullable(),
    }),
  ),
});
export type ExportContext = z.infer<typeof exportContextSchema>;

/** What an attempt of a restore set out to create: what may have to be undone. */
export const restorePlanSchema = z.object({
  plan: z.object({
    createsDatabases: z.array(z.string()),
    databases: z.array(z.string()),
    /** Everything is there; only the ledger may still have to go. */
    complete: z.boolean(),
  }),
});

/** What all load tasks of one attempt share. */
export const loadContextSchema = restorePlanSchema.extend({
  kind: z.literal('load'),
  descriptors: z.array(descriptorSchema),
  /** Source database to the database that its tables are loaded into. */
  databases: z.record(z.string(), z.string()),
  /** What each descriptor becomes, in their order. */
  targets: z.array(objectNameSchema),
  /** What steps of the DDL may count on, by `nameKey` of the source's names. */
  present: z.array(z.string()),
  /** The backups' ids, oldest to newest, up to the one that is restored. */
  layers: z.array(z.string()),
  /** How many tasks each phase has, and what is said meanwhile. */
  phases: z.array(z.object({ status: z.string(), tasks: z.number().int() })),
  /** Each task that loads rows takes their print. */
  prints: z.boolean(),
});
export type LoadContext = z.infer<typeof loadContextSchema>;

/** Some of a table's ranges as a task keeps them: neighbours on one node are one. */
const taskRangeSchema = z.object({
  /** The first one's. */
  index: z.number().int(),
  start: z.string().nullable(),
  end: z.string().nullable(),
  /** Left out for the task's node: there may be a million of them. */
  leaseholder: z.string().optional(),
  estimatedBytes: z.number(),
  estimatedRows: z.number(),
  /** How many of the cluster's ranges it is. */
  count: z.number().int().default(1),
});

/** One export task: ranges of one table on one node, whole or what changed in them. */
export const exportTaskSchema = z
  .object({
    kind: z.literal('export'),
    table: objectNameSchema,
    method: z.enum(['feed', 'comparison', 'whole']),
    node: z.string(),
    ranges: z.array(taskRangeSchema).min(1),
  })
  .transform(({ ranges, ...task }) => ({
    ...task,
    ranges: ranges.map(({ leaseholder = task.node, ...range }) => ({
      ...range,
      table: task.table,
      leaseholder,
    })),
  }));
export type ExportTask = z.infer<typeof exportTaskSchema>;
/** The same as it is recorded. */
export type RecordedExportTask = z.input<typeof exportTaskSchema>;

/**
 * What an export task answers: the files that it wrote, none where nothing changed; and why a table was compared with the
 * base that was to be followed.
 */
export const exportResultSchema = z.object({
  files: z.array(dataFileSchema),
  compared: z.object({ table: objectNameSchema, reason: z.string() }).nullable().default(null),
});
export type ExportResult = z.infer<typeof exportResultSchema>;
