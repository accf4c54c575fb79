import { formatBytes, formatCount, formatDuration, formatLeft, plural } from '../format.ts';
import type { TargetFacts } from './use-readiness.ts';

// The facts of a target as pages and reports say them.

/** Where a time to restore comes from: the last drill, or a restore, and of what. */
export function paceWords({ pace, point }: TargetFacts): string {
  if (pace === null || point === null) return 'no drill or restore yet';
  const what = pace.from === 'drill' ? 'the last drill' : 'the last restore';
  const of = {
    backup: 'of this backup',
    target: 'of another backup of it',
    cluster: 'of another backup of this cluster',
  }[pace.of];
  return `${formatBytes(point.bytes)} stored, at the ${formatBytes(pace.bytesASecond)}/s of ${what} ${of}`;
}

export function estimateWords({ pace }: TargetFacts): string {
  return pace === null ? 'unknown' : `about ${formatDuration(Math.max(1000, pace.estimateMs))}`;
}

/** How a chain is, in a few words, and whether that is well. */
export function chainWords({ chain }: TargetFacts): { words: string; well: boolean } {
  if (chain === null) return { words: 'no backup', well: false };
  const { layers } = chain;
  const bad = layers.filter(({ state }) => state !== 'readable');
  const [first] = bad;
  if (first === undefined)
    return {
      words: layers.length === 1 ? 'full backup, readable' : `${layers.length} layers, all readable`,
      well: true,
    };
  const state = STATE_WORDS[first.state];
  if (layers.length === 1) return { words: `full backup, ${state}`, well: false };
  return {
    words:
      bad.length === 1
        ? `layer ${layers.indexOf(first) + 1} of ${layers.length} is ${state}`
        : `${bad.length} of ${layers.length} layers: ${state}`,
    well: false,
  };
}

export const STATE_WORDS = {
  readable: 'readable',
  lost: 'missing',
  damaged: 'damaged',
  unreachable: 'not reachable',
  unread: 'not read yet',
} as const;

const DEPTH_WORDS = { files: 'files and sizes', checksums: 'every checksum', rows: 'every row' } as const;

export function verifyWords({ verify }: TargetFacts): string {
  if (verify === null) return 'never';
  const outcome = verify.outcome === 'sound' ? 'sound' : `${plural(verify.findings, 'thing')} wrong`;
  return `${outcome}, ${DEPTH_WORDS[verify.depth]}`;
}

export function drillWords({ drill }: TargetFacts): string {
  if (drill === null) return 'never';
  return `${drill.outcome}${drill.on === null ? '' : ` on ${drill.on}`}`;
}

/** Until when an incremental backup is possible; `now` in milliseconds. */
export function deadlineWords({ deadline }: TargetFacts, now: number): { words: string; why: string | null } {
  switch (deadline.kind) {
    case 'unlimited':
      return { words: 'not limited', why: null };
    case 'impossible':
      return { words: 'must be a full one', why: deadline.why };
    case 'unknown':
      return { words: 'not known', why: deadline.why };
    case 'at': {
      const left = Date.parse(deadline.at) - now;
      const why = `${deadline.table} ${left > 0 ? 'then leaves' : 'has left'} its GC window`;
      return left > 0
        ? { words: `possible for ${formatLeft(left)}`, why }
        : { words: 'must be a full one', why };
    }
  }
}

export function unprotectedWords({ unprotected }: TargetFacts): string {
  if (unprotected.kind === 'unknown') return 'not known';
  return unprotected.tables.length === 0 ? 'none' : plural(unprotected.tables.length, 'table');
}

export function destinationWords({ destination }: TargetFacts): string {
  if (destination === null) return 'not known';
  const reached =
    destination.reachable === null ? 'not known' : destination.reachable ? 'reachable' : 'not reachable';
  if (destination.saved === null) return `${reached}, not a saved destination`;
  const test =
    destination.writable === null
      ? 'never tested'
      : destination.writable
        ? 'took files when tested'
        : 'took no file when tested';
  return `${reached}; “${destination.saved.name}” ${test}`;
}

export function sourceWords({ source, present, cluster, database }: TargetFacts): string {
  if (source.state === 'gone') return `no registered cluster is ${cluster}`;
  if (source.state === 'down') return `${cluster} does not answer: ${source.why}`;
  if (present === null) return `${cluster} is up; whether it has ${database} is not known`;
  return present ? `${cluster} is up` : `${cluster} is up and has no database ${database} any more`;
}

/** `3 tables of the database, whole`, `3 tables`. */
export function partWords({ tables, whole }: { tables: string[]; whole: boolean }): string {
  return whole ? `the whole database, ${formatCount(tables.length)} tables` : plural(tables.length, 'table');
}
