import type { JobLog } from '../../jobs/log.ts';
import type { Targets } from '../../statement/ast.ts';
import { basesNamedIn } from '../../statement/bases.ts';
import { parseStatements } from '../../statement/parse.ts';

/** A backup that may be restored from, as far as it is known without reading it. */
export interface KnownBackup {
  /** Redacted. */
  url: string;
  /** What the cluster was registered as. */
  cluster: string;
  /** What it was asked for; null where that isn't known. */
  targets: Targets | null;
  /** What it builds on, oldest to newest, where that was. */
  bases: string[];
  /** Consistent as of, or else when it was finished. */
  at: string;
}

/** All known backups, the newest first. The one place that says which those are. */
export async function knownBackups(jobs: Pick<JobLog, 'finishedBackups'>): Promise<KnownBackup[]> {
  const finished = await jobs.finishedBackups();
  return finished
    .map(({ url, job }) => ({
      url,
      cluster: job.cluster ?? '',
      targets: targetsOf(job.statement),
      bases: basesNamedIn(job.statement),
      at: job.moment ?? job.finishedAt ?? job.createdAt,
    }))
    .sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

/** What a printed BACKUP statement asks for; null where it is none, or was cut off. */
export function targetsOf(statement: string): Targets | null {
  try {
    const [parsed] = parseStatements(statement);
    return parsed?.kind === 'backup' ? parsed.targets : null;
  } catch {
    return null;
  }
}
