/** A backup, as far as one has to know to put it into its chain. */
export interface ChainedBackup {
  url: string;
  id: string;
  /** The layers that it builds on, oldest to newest, where they were when it was made. */
  chain: readonly { id: string; url: string }[];
}

/**
 * Tells of each backup the URL of the full one that its chain begins with. Of chains that were copied or moved that is where the
 * full backup is now, as far as it is among `all`; of several copies, the one whose URL is most like its own.
 */
export function rootFinder(
  all: readonly Pick<ChainedBackup, 'url' | 'id'>[],
): (backup: Omit<ChainedBackup, 'id'>) => string {
  const places = new Map<string, string[]>();
  for (const { id, url } of all) places.set(id, [...(places.get(id) ?? []), url]);
  return ({ url, chain: [full] }) =>
    full === undefined ? url : (mostAlike(url, places.get(full.id) ?? []) ?? full.url);
}

function mostAlike(url: string, others: readonly string[]): string | undefined {
  const alike = (other: string): number => {
    let length = 0;
    while (length < url.length && url[length] === other[length]) length += 1;
    return length;
  };
  return others.toSorted((one, other) => alike(other) - alike(one))[0];
}
