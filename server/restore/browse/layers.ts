import type { TableDescriptor } from '../../cluster/descriptor.ts';
import { findTable } from '../../cluster/descriptor.ts';
import { nameKey, printName } from '../../cluster/names.ts';
import type { ObjectName } from '../../cluster/names.ts';
import { HoldfastError } from '../../errors.ts';
import { type BackupChain, sameRows } from '../chain.ts';
import { storedOf } from './object.ts';
import type { TableLayer } from './view.ts';

/**
 * The layers that make a table of the newest one up, oldest to newest: the one that has it whole, and those with what
 * changed after it. Throws HoldfastError `undefined-object` where the newest one has no such table.
 */
export function tableLayers(chain: BackupChain, name: ObjectName): TableLayer[] {
  const source = chain.sources.get(nameKey(name));
  if (source === undefined) {
    throw new HoldfastError(
      'undefined-object',
      `the backup at ${chain.last.location.redacted} has no table ${printName(name)}`,
      { hint: 'The backup’s page lists what it has.' },
    );
  }
  return [source.whole, ...source.changes].flatMap((place) => {
    const layer = chain.layers[place];
    if (layer === undefined) return [];
    const { manifest, location } = layer;
    return [
      {
        url: location.redacted,
        type: manifest.type,
        moment: manifest.moment.at,
        stored: storedOf(manifest, name),
        why: place === source.whole ? whyWhole(chain, place, name) : null,
      },
    ];
  });
}

/** Why an incremental layer has a table whole, as far as the layer before it tells; null for the full backup. */
function whyWhole(chain: BackupChain, place: number, name: ObjectName): string | null {
  const before = chain.layers[place - 1];
  const here = chain.layers[place];
  const table = here && findTable(here.manifest.descriptors, name);
  if (before === undefined || table === undefined) return null;
  return reasonFor(findTable(before.manifest.descriptors, name), table);
}

function reasonFor(before: TableDescriptor | undefined, table: TableDescriptor): string | null {
  if (before === undefined) return 'The layer before does not have this table.';
  if (table.rowKey === null) return 'The table has no key that changed rows could be told by.';
  if (!sameRows(before, table)) return 'Its columns or its key are not those of the layer before.';
  if (before.storage !== table.storage) {
    return 'It was made anew, truncated or rewritten since the layer before.';
  }
  return null;
}
