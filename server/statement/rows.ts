import type { Descriptor } from '../cluster/descriptor.ts';
import { nameKey } from '../cluster/names.ts';
import type { Manifest } from '../format/manifest.ts';
import { NO_ROWS, sizesByTable } from '../format/sizes.ts';
import type { JobView } from '../jobs/job.ts';

/** A row of an answer: PostgreSQL's text form of each value, null for NULL. */
type Row = (string | null)[];

/** `2026-11-22 12:33:34.908`, UTC. */
function timestamp(iso: string | null): string | null {
  return iso === null ? null : iso.replace('T', ' ').replace('Z', '');
}

/** What BACKUP, RESTORE and VERIFY BACKUP answer (JOB_COLUMNS). Index entries are built again, never stored: always 0. */
export function jobRow(job: JobView): Row {
  return [job.id, job.state, String(job.fraction), String(job.rows), '0', String(job.bytes)];
}

/** One job of SHOW JOBS (SHOW_JOBS_COLUMNS). */
export function showJobsRow(job: JobView): Row {
  return [
    job.id,
    job.kind,
    job.statement,
    '',
    job.user,
    job.state,
    job.runningStatus,
    timestamp(job.createdAt),
    timestamp(job.startedAt),
    timestamp(job.finishedAt),
    timestamp(job.modifiedAt),
    String(job.fraction),
    job.error?.message ?? '',
    null,
  ];
}

/** SHOW BACKUP's rows (SHOW_BACKUP_COLUMNS, with `schemas` SHOW_BACKUP_SCHEMAS_COLUMNS): databases, then objects. */
export function backupRows(manifest: Manifest, schemas: boolean): Row[] {
  const sizes = sizesByTable(manifest);
  // An incremental backup begins where its newest base ends.
  const start = manifest.chain.at(-1)?.at ?? null;
  const common = [manifest.type, timestamp(start), timestamp(manifest.moment.at)];
  const databases = manifest.targets.databases.map((database): Row => [
    null,
    null,
    database,
    'database',
    ...common,
    null,
    null,
    'f',
    ...(schemas ? [null] : []),
  ]);
  const objects = manifest.descriptors.map((descriptor): Row => {
    const size = descriptor.kind === 'table' ? (sizes.get(nameKey(descriptor.name)) ?? NO_ROWS) : null;
    return [
      descriptor.name.database,
      descriptor.name.schema,
      descriptor.name.name,
      descriptor.kind,
      ...common,
      size === null ? null : String(size.bytes),
      size === null ? null : String(size.rows),
      'f',
      ...(schemas ? [createStatement(descriptor)] : []),
    ];
  });
  return [...databases, ...objects];
}

/** An object's DDL in the order of a restore. */
function createStatement(descriptor: Descriptor): string {
  return descriptor.ddl.map((step) => `${step.sql};`).join('\n');
}
