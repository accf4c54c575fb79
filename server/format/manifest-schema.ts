import { z } from 'zod';
import { descriptorSchema } from '../cluster/descriptor.ts';
import { momentSchema } from '../cluster/moment.ts';
import { objectNameSchema } from '../cluster/names.ts';

/** The version of the format that this Holdfast writes, and the newest that it reads. */
export const FORMAT_VERSION = 1;

export const MANIFEST_NAME = 'manifest.json';

/** Bytes and rows: whole, exact in JSON. */
const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One data file. */
export const dataFileSchema = z.object({
  /** Relative to the backup URL: `data/…`. */
  name: z.string(),
  table: objectNameSchema,
  /** `rows`: whole rows. `deleted`: the keys of rows that are gone since the base (incremental backups). */
  kind: z.enum(['rows', 'deleted']),
  rows: count,
  /** As stored, compressed. */
  bytes: count,
  /** Of COPY text. */
  rawBytes: count,
  /** Hex, over the stored bytes. */
  sha256,
  /** The ranges of the table that it holds, in the cluster's own bounds: start inclusive, end exclusive, null open. */
  ranges: z
    .array(z.object({ index: count, start: z.string().nullable(), end: z.string().nullable() }))
    .min(1),
});
export type DataFile = z.infer<typeof dataFileSchema>;

/** A ClusterUser as it was. */
export const userSchema = z.object({
  name: z.string(),
  passwordHash: z.string().nullable(),
  attributes: z.array(z.string()),
  memberOf: z.array(z.string()),
  memberships: z
    .array(
      z.object({
        role: z.string(),
        admin: z.boolean(),
        inherit: z.boolean().nullable(),
        set: z.boolean().nullable(),
      }),
    )
    .optional(),
});

export const manifestSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  holdfastVersion: z.string(),
  id: z.uuid(),
  type: z.enum(['full', 'incremental']),
  /** The backups that this one builds on, oldest (the full one) to newest; empty for a full backup. */
  chain: z.array(
    z.object({
      id: z.uuid(),
      url: z.string(),
      /** Its moment's time. */
      at: z.iso.datetime().optional(),
    }),
  ),
  cluster: z.object({
    /** What it is registered as. */
    name: z.string(),
    kind: z.enum(['postgres', 'cockroachdb', 'simulated']),
    version: z.string(),
    identity: z.string(),
  }),
  moment: momentSchema,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  jobId: z.string(),
  /** The BACKUP statement, without credentials. */
  statement: z.string(),
  /** What was asked for: databases backed up whole, and single objects. */
  targets: z.object({ databases: z.array(z.string()), objects: z.array(objectNameSchema) }),
  descriptors: z.array(descriptorSchema),
  files: z.array(dataFileSchema),
  /**
   * Incremental backups: the tables of which `files` have only what changed since the newest base. Of all other tables
   * they have every row.
   */
  changes: z
    .array(
      z.object({
        table: objectNameSchema,
        method: z.enum(['feed', 'comparison']),
        /** Why no cheaper method served; null for `feed`. */
        reason: z.string().nullable(),
      }),
    )
    .default([]),
  users: z.array(userSchema),
  /** What the backup does not hold, as people were told; `object` null where it concerns all of it. */
  leftOut: z.array(z.object({ object: objectNameSchema.nullable(), what: z.array(z.string()) })),
  /** Over all files; `rows` counts those of kind `rows` only. */
  totals: z.object({ rows: count, bytes: count, rawBytes: count }),
  /** SHA-256 over everything above: `digestOf`. */
  digest: sha256,
});

/** What makes a directory a backup. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A manifest before it is written: the digest is made in writing. */
export type UnsignedManifest = Omit<Manifest, 'digest'>;

/** The sums for a manifest's `totals`. */
export function totalsOf(files: readonly DataFile[]): Manifest['totals'] {
  const totals = { rows: 0, bytes: 0, rawBytes: 0 };
  for (const file of files) {
    if (file.kind === 'rows') totals.rows += file.rows;
    totals.bytes += file.bytes;
    totals.rawBytes += file.rawBytes;
  }
  return totals;
}
