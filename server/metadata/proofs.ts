import { randomUUID } from 'node:crypto';
import { sql, type Selectable } from 'kysely';
import { z } from 'zod';
import { objectNameSchema } from '../cluster/names.ts';
import { findingSchema } from '../restore/verify/finding.ts';
import { VERIFY_DEPTHS } from '../statement/ast.ts';
import type { Metadata } from './open.ts';
import type { MetadataTables } from './schema.ts';

/** So many findings are kept of a proof; `figures.findings` counts all. */
export const MOST_FINDINGS = 1_000;

const count = z.int().nonnegative();
/** What the manifests of all layers say of the files that were looked at; `findings` counts what was found wrong, also what is not kept. */
const figuresSchema = z.object({
  files: count,
  bytes: count,
  rows: count,
  findings: count,
  /** What the restore itself took in a drill; absent where that can't be told. */
  restoreMs: count.optional(),
  /** Tables whose rows a drill has only counted. */
  uncompared: count.optional(),
});

const common = {
  jobId: z.string(),
  /** Of the newest layer's manifest; null where that can't be read. */
  backupId: z.string().nullable(),
  /** Redacted URL of the newest layer. */
  location: z.string(),
  figures: figuresSchema,
  startedAt: z.date(),
  finishedAt: z.date(),
};

const newProofSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('verify'),
    ...common,
    cluster: z.null(),
    depth: z.enum(VERIFY_DEPTHS),
    outcome: z.enum(['sound', 'damaged']),
    findings: z.array(findingSchema),
  }),
  z.object({
    kind: z.literal('drill'),
    ...common,
    /** That it was made on. */
    cluster: z.string(),
    depth: z.null(),
    outcome: z.enum(['passed', 'failed']),
    findings: z.array(z.object({ table: objectNameSchema.nullable(), reason: z.string() })),
  }),
]);
/** What a job has proved of a backup, and of the chain that it ends. */
export type NewProof = z.infer<typeof newProofSchema>;
export type Proof = NewProof & { id: string };

type WithoutFindings<T> = T extends unknown ? Omit<T, 'findings'> : never;
/** A proof without what was found one by one; `figures.findings` counts that. */
export type ProofHead = WithoutFindings<Proof>;

/** What jobs have proved of backups, in the metadata store. */
export class ProofStore {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  /** Records what a job has proved, in place of what it had proved before, `unlessThere` is to stay: so it may be repeated. */
  async record(proof: NewProof, { unlessThere = false } = {}): Promise<void> {
    const values = {
      kind: proof.kind,
      backup_id: proof.backupId,
      location: proof.location,
      cluster: proof.cluster,
      depth: proof.depth,
      outcome: proof.outcome,
      findings: JSON.stringify(proof.findings.slice(0, MOST_FINDINGS)),
      figures: JSON.stringify(proof.figures),
      started_at: proof.startedAt,
      finished_at: proof.finishedAt,
    };
    await this.#metadata.db
      .insertInto('proofs')
      .values({ id: randomUUID(), job_id: proof.jobId, ...values })
      .onConflict((conflict) =>
        unlessThere ? conflict.doNothing() : conflict.column('job_id').doUpdateSet(values),
      )
      .execute();
  }

  /** What the job has proved; null as long as it has not. */
  async ofJob(jobId: string): Promise<Proof | null> {
    const row = await this.#metadata.db
      .selectFrom('proofs')
      .selectAll()
      .where('job_id', '=', jobId)
      .executeTakeFirst();
    return row === undefined ? null : proofOf(row);
  }

  /** The newest proof of each kind of each of these backups, by the ids of their manifests. */
  async latest(backupIds: readonly string[]): Promise<Proof[]> {
    if (backupIds.length === 0) return [];
    const rows = await this.#metadata.db
      .selectFrom('proofs')
      .selectAll()
      .where('backup_id', 'in', backupIds)
      .distinctOn(['backup_id', 'kind'])
      .orderBy('backup_id')
      .orderBy('kind')
      .orderBy(sql`finished_at DESC`)
      .execute();
    return rows.map(proofOf);
  }

  /** The newest proof of each kind, and each depth, of the backups at these redacted URLs. */
  async heads(locations: readonly string[]): Promise<ProofHead[]> {
    if (locations.length === 0) return [];
    const rows = await this.#metadata.db
      .selectFrom('proofs')
      .select(HEAD)
      .where('location', '=', sql<string>`ANY(${locations})`)
      .distinctOn(['location', 'kind', 'depth'])
      .orderBy('location')
      .orderBy('kind')
      .orderBy('depth')
      .orderBy(sql`finished_at DESC`)
      .execute();
    return rows.map((row) => {
      const { findings: _, ...head } = proofOf({ ...row, findings: [] });
      return head;
    });
  }
}

const HEAD = [
  'id',
  'job_id',
  'kind',
  'backup_id',
  'location',
  'cluster',
  'depth',
  'outcome',
  'figures',
  'started_at',
  'finished_at',
] as const;

function proofOf(row: Selectable<MetadataTables['proofs']>): Proof {
  const proof = newProofSchema.parse({
    kind: row.kind,
    jobId: row.job_id,
    backupId: row.backup_id,
    location: row.location,
    cluster: row.cluster,
    depth: row.depth,
    outcome: row.outcome,
    findings: row.findings,
    figures: row.figures,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  });
  return { ...proof, id: row.id };
}
