import type { BackupSummary } from '../../server/backup/selection.ts';
import { comesWith } from '../selection/catalog.ts';
import type { Picked, PickedObjects } from '../selection/picked.ts';
import { objectKey } from '../selection/picked.ts';

/** What was asked for in a backup: what comes along by itself is left out. */
export function pickedOf({ databases, objects }: Pick<BackupSummary, 'databases' | 'objects'>): Picked {
  const keys = new Map<string, string[]>();
  for (const object of objects) {
    if (comesWith(object) !== null) continue;
    const database = keys.get(object.name.database);
    if (database === undefined) keys.set(object.name.database, [objectKey(object.name)]);
    else database.push(objectKey(object.name));
  }
  const picked = new Map<string, PickedObjects>([...keys].map(([name, each]) => [name, new Set(each)]));
  for (const name of databases) picked.set(name, 'all');
  return picked;
}
