import { databasesOf } from '../../server/backup/targets.ts';
import type { Targets } from '../../server/statement/ast.ts';
import { urlBelow } from '../destinations/url-of.ts';

/**
 * `nodelocal://self/bank-2026-11-22-1410`: below `base`, what is backed up and when (UTC), `-incremental` after it for such a
 * backup; with a number after it where one of the known backups has that URL.
 */
export function suggestDestination(
  targets: Targets,
  now: Date,
  taken: ReadonlySet<string>,
  incremental = false,
  /** Where backups go: redacted, in its normal form. */
  base = 'nodelocal://self/',
): string {
  const stamp = now.toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const name = `${subject(targets)}-${stamp}${incremental ? '-incremental' : ''}`;
  const url = urlBelow(base, name);
  if (!taken.has(url)) return url;
  for (let number = 2; ; number += 1) {
    const next = urlBelow(base, `${name}-${number}`);
    if (!taken.has(next)) return next;
  }
}

function subject(targets: Targets): string {
  const databases = databasesOf(targets);
  const [database] = databases;
  if (databases.length !== 1 || database === undefined) return 'backup';
  const [only, ...others] = targets.kind === 'tables' ? targets.patterns : [];
  const table = others.length === 0 ? only?.name : null;
  return table == null ? plain(database) : `${plain(database)}-${plain(table)}`;
}

/** Only what needs no escaping in a URL or a file name. */
function plain(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return text === '' ? 'backup' : text;
}
