import { momentText } from '../cluster/moment.ts';
import { isBefore } from '../cluster/moments.ts';
import { HoldfastError } from '../errors.ts';
import type { ChainUse, Layer } from './chain.ts';

/** Why backups, in the order given, are no chain; null when they are one. */
export function linkProblem(layers: readonly Layer[], use: ChainUse): HoldfastError | null {
  return (
    twice(layers, use) ??
    fullFirst(layers, use) ??
    sameCluster(layers, use) ??
    unbroken(layers, use) ??
    rising(layers, use)
  );
}

function refuse(message: string, hint: string, { field }: ChainUse): HoldfastError {
  return new HoldfastError('invalid-value', message, { hint, field });
}

function twice(layers: readonly Layer[], use: ChainUse): HoldfastError | null {
  const seen = new Map<string, Layer>();
  for (const layer of layers) {
    const other = seen.get(layer.manifest.id);
    if (other !== undefined)
      return refuse(
        `${layer.location.redacted} is the same backup as ${other.location.redacted}`,
        'Name each backup of the chain once, oldest to newest.',
        use,
      );
    seen.set(layer.manifest.id, layer);
  }
  return null;
}

function fullFirst(layers: readonly Layer[], use: ChainUse): HoldfastError | null {
  const [first] = layers;
  if (first?.manifest.type === 'incremental')
    return refuse(
      layers.length === 1
        ? `${first.location.redacted} is an incremental backup, which can't be restored without the backups that it builds on`
        : `${first.location.redacted} is an incremental backup, but a chain begins with a full one`,
      wholeList(layers, use),
      use,
    );
  const full = layers.slice(1).find(({ manifest }) => manifest.type === 'full');
  if (full === undefined) return null;
  return refuse(
    `${full.location.redacted} is a full backup, but only the first of a chain is one`,
    `Begin with it, or leave it out: the first is ${first?.location.redacted}.`,
    use,
  );
}

/** The list that the newest backup given would need. Places given count for more than those it was told when it was made. */
function wholeList(layers: readonly Layer[], { clause }: ChainUse): string {
  const newest = layers.reduce((one, other) =>
    other.manifest.chain.length > one.manifest.chain.length ? other : one,
  );
  const given = new Map(layers.map(({ manifest, location }) => [manifest.id, location.redacted]));
  const urls = newest.manifest.chain.map(({ id, url }) => given.get(id) ?? url);
  const list = [...urls, newest.location.redacted].map((url) => `'${url.replaceAll("'", "''")}'`);
  return `Name the whole chain, oldest to newest: ${clause} ${list.join(', ')}.`;
}

function sameCluster(layers: readonly Layer[], use: ChainUse): HoldfastError | null {
  const [first] = layers;
  const cluster = first?.manifest.cluster;
  const other = layers.find(({ manifest }) => manifest.cluster.identity !== cluster?.identity);
  if (other === undefined || first === undefined) return null;
  const name = ({ manifest }: Layer) => `${manifest.cluster.name} (${manifest.cluster.identity})`;
  return refuse(
    `${other.location.redacted} is a backup of the cluster ${name(other)}, but ${first.location.redacted} is one of ${name(first)}`,
    'Name the backups of one cluster only.',
    use,
  );
}

/** Each builds on exactly those before it. */
function unbroken(layers: readonly Layer[], use: ChainUse): HoldfastError | null {
  for (const [place, { manifest, location }] of layers.entries()) {
    const before = layers.slice(0, place);
    const same =
      manifest.chain.length === place &&
      manifest.chain.every(({ id }, index) => id === before[index]?.manifest.id);
    if (same) continue;
    const ids = new Set(layers.map((layer) => layer.manifest.id));
    const lost = manifest.chain.find(({ id }) => !ids.has(id));
    const built = manifest.chain.at(-1);
    const previous = before.at(-1);
    const what =
      lost !== undefined
        ? `it builds on the backup at ${lost.url} (${lost.id}), which is not among them`
        : manifest.chain.length < place
          ? `it does not build on ${previous?.location.redacted}`
          : `it builds on ${built?.url}, which comes after it or not right before it`;
    // CockroachDB's wording for a gap: the first layer is a full one, so there is one before this.
    return refuse(
      `no backup covers time [${previous?.manifest.moment.at},${manifest.moment.at}) (or backups out of order): ${location.redacted} stands at place ${place + 1}, but ${what}`,
      wholeList(layers, use),
      use,
    );
  }
  return null;
}

function rising(layers: readonly Layer[], use: ChainUse): HoldfastError | null {
  for (const [place, { manifest, location }] of layers.entries()) {
    const previous = layers[place - 1];
    if (previous === undefined || !isBefore(manifest.moment, previous.manifest.moment)) continue;
    return new HoldfastError(
      'corrupt-backup',
      `${location.redacted} is as of ${momentText(manifest.moment)}, before ${previous.location.redacted}, which it builds on and which is as of ${momentText(previous.manifest.moment)}`,
      {
        hint: 'Do not restore from this chain. Use an earlier part of it, or another one.',
        field: use.field,
      },
    );
  }
  return null;
}
