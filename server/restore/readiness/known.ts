import type { KnownBackups } from '../../imports/known.ts';
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

/** All known backups, made here or imported, the newest first. The one place that says which those are. */
export async function knownBackups(
  known: Pick<KnownBackups, 'list'>,
  jobs: Pick<JobLog, 'finishedBackups'>,
): Promise<KnownBackup[]> {
  const [{ backups }, made] = await Promise.all([known.list(), jobs.finishedBackups()]);
  const statements = new Map(made.map(({ url, job }) => [url, job.statement]));
  return backups.map(({ url, root, cluster, moment, finishedAt }) => {
    const statement = statements.get(url);
    return {
      url,
      cluster,
      targets: statement === undefined ? null : targetsOf(statement),
      // Of an imported one its manifest tells; until that is read, where its chain begins is enough.
      bases: statement !== undefined ? basesNamedIn(statement) : root === url ? [] : [root],
      at: moment ?? finishedAt,
    };
  });
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
