import { z } from 'zod';
import type { TestSubject } from '../destinations/connection-test.ts';
import { VERIFY_DEPTHS } from '../statement/ast.ts';
import type { Targets } from '../statement/ast.ts';

const identifier = z.string().min(1).max(255);

export const targetsInput: z.ZodType<Targets> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('tables'),
    patterns: z
      .array(z.object({ database: identifier, schema: identifier.nullable(), name: identifier.nullable() }))
      .max(100_000),
  }),
  z.object({ kind: z.literal('databases'), names: z.array(identifier).max(10_000) }),
]);

const url = z.string().max(8192);

/** What the backup wizard has collected. */
export const backupInput = z.object({
  cluster: identifier,
  targets: targetsInput,
  /** Backup URL; empty while the user hasn't typed one. */
  destination: url,
  asOf: z.string().max(200).nullable(),
  /** URLs of what an incremental backup builds on, oldest to newest; empty for a full one. */
  bases: z.array(url).max(1000),
});

/** What the restore page has collected. */
export const restoreInput = z.object({
  cluster: identifier,
  /** The newest backup to restore from; what it builds on is in its manifest. */
  source: url,
  targets: targetsInput,
  intoDb: identifier.nullable(),
  createDb: z.boolean(),
  skipMissingForeignKeys: z.boolean(),
  skipMissingSequences: z.boolean(),
  skipMissingViews: z.boolean(),
});

export const destinationId = z.string().min(1).max(64);
/** As typed: what is wrong with it is told in words, beside its field. A URL may carry the key file of a service account. */
const placeInput = z.object({ url: z.string().max(65_536), bearer: z.string().max(16_384).nullable() });
export const destinationInput = placeInput.extend({ name: z.string().max(1000) });

/** What to test: a saved destination, one that is being typed, or where a backup would go. */
export const testInput: z.ZodType<TestSubject> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('saved'), id: destinationId }),
  placeInput.extend({ kind: z.literal('place'), keepOf: destinationId.nullable() }),
  z.object({ kind: z.literal('backup'), url }),
]);

/** The backup whose users are meant, and the cluster that they would be in. */
export const usersInput = z.object({ source: url.min(1), cluster: identifier });
export const userNames = z.array(identifier).min(1).max(10_000);

/** The newest backup of the chain that is verified; what it builds on is in its manifest. */
export const verifyInput = z.object({ url: url.min(1), depth: z.enum(VERIFY_DEPTHS) });

/** Likewise; `cluster`: that it is restored into for a trial. */
export const drillInput = z.object({ url: url.min(1), cluster: identifier });

export const jobIdInput = z.object({ id: z.string().max(20) });
