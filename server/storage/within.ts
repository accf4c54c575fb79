import type { Location } from './location.ts';
import { printPath } from './url.ts';

/** The location of another path on the same server, in the same bucket, opened by the same credentials. */
export function withPath<L extends Location>(location: L, path: readonly string[]): L {
  const [address = '', query] = location.redacted.split(/\?(.*)/s);
  const root = /^[^:]+:\/\/[^/]*/.exec(address)?.[0] ?? '';
  const redacted = `${root}/${printPath(path)}${query === undefined ? '' : `?${query}`}`;
  return { ...location, path: path.join('/'), redacted };
}

/** What lies so many parts further down. */
export function below<L extends Location>(location: L, parts: readonly string[]): L {
  return withPath(location, [...partsOf(location), ...parts]);
}

/**
 * Where a layer of a chain lies, if all of the chain was moved as it was: in the same place relative to `newest` as `recorded`
 * was to `newestWas`. Null where nothing can be told from that: the two were not in one bucket, or there is not so much above
 * `newest`.
 */
export function besideAsBefore(newest: Location, newestWas: Location, recorded: Location): Location | null {
  if (rootOf(newestWas) !== rootOf(recorded)) return null;
  const [from, to, now] = [partsOf(newestWas), partsOf(recorded), partsOf(newest)];
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common++;
  const up = from.length - common;
  if (up > now.length) return null;
  const parts = [...now.slice(0, now.length - up), ...to.slice(common)];
  return parts.length === 0 ? null : withPath(newest, parts);
}

/** Whether both are one place on one server, whatever opens it. */
export function isSamePlace(one: Location, other: Location): boolean {
  return rootOf(one) === rootOf(other) && one.path === other.path;
}

function partsOf({ path }: Location): string[] {
  return path === '' ? [] : path.split('/');
}

/** Server and bucket. Hosts of nodelocal URLs say nothing. */
function rootOf(location: Location): string {
  if (location.scheme === 'nodelocal') return 'nodelocal';
  const [root = ''] = /^[^:]+:\/\/[^/?]*/.exec(location.redacted) ?? [];
  return 'endpoint' in location ? `${root} ${location.endpoint}` : root;
}
