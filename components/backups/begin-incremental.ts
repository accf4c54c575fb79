import type { BackupSummary } from '../../server/backup/selection.ts';
import { beginBackupDraft } from '../backup/draft.ts';
import { backupPath } from '../clusters/paths.ts';
import { pickedToJson, type Picked } from '../selection/picked.ts';
import { pickedOf } from './picked-of.ts';

/**
 * Has the wizard begin with an incremental backup on this one, of the same objects unless others are given; answers the path of its
 * step that asks where to.
 */
export function beginIncremental(
  cluster: string,
  backup: Pick<BackupSummary, 'url' | 'chain' | 'databases' | 'objects'>,
  picked: Picked = pickedOf(backup),
): string {
  beginBackupDraft({
    cluster,
    picked: pickedToJson(picked),
    bases: [...backup.chain.map(({ url }) => url), backup.url],
    also: backup.url,
  });
  return `${backupPath(cluster)}&step=where`;
}

/** Has the wizard begin with a full backup of these databases; answers as `beginIncremental` does. */
export function beginFull(cluster: string, databases: readonly string[]): string {
  beginBackupDraft({
    cluster,
    picked: pickedToJson(new Map(databases.map((name) => [name, 'all']))),
  });
  return `${backupPath(cluster)}&step=where`;
}
