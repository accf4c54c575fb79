import { z } from 'zod';

/** What one database of a PostgreSQL server was at some time. */
export const databaseSnapshotSchema = z.object({
  at: z.iso.datetime(),
  /** Id for SET TRANSACTION SNAPSHOT; worth nothing once its holder is gone. */
  snapshot: z.string(),
  /** `pg_current_snapshot()` (xmin:xmax:xip list), which outlives the holder. */
  visible: z.string(),
  /** `pg_current_wal_insert_lsn()` (or the replay position of a standby). */
  lsn: z.string(),
  /** The timeline that the position is on; not told by a standby. */
  timeline: z.number().int().positive().optional(),
});
export type DatabaseSnapshot = z.infer<typeof databaseSnapshotSchema>;

/**
 * The point in time that a backup is consistent as of. CockroachDB has one HLC timestamp for everything;
 * PostgreSQL has one snapshot a database, since an exported snapshot belongs to one database.
 */
export const momentSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hlc'),
    /** UTC, ISO 8601, shown to people. */
    at: z.iso.datetime(),
    /** Decimal HLC as CockroachDB prints it: nanoseconds, a dot, ten digits of logical time. */
    timestamp: z.string().regex(/^\d+(\.\d{10})?$/),
  }),
  z.object({
    kind: z.literal('snapshot'),
    at: z.iso.datetime(),
    databases: z.record(z.string(), databaseSnapshotSchema),
  }),
]);
export type Moment = z.infer<typeof momentSchema>;

/** The moment's time for people: `2026-11-22 15:23:37.491 UTC`. */
export function momentText({ at }: Pick<Moment, 'at'>): string {
  return at.replace('T', ' ').replace('Z', ' UTC');
}

/** A moment that the cluster keeps readable until it is released. */
export interface HeldMoment {
  readonly moment: Moment;
  /** Aborts, with the reason, when the moment can't be read any more (its holder's connection died, GC passed it). */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}
