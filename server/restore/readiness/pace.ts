import type { JobView } from '../../jobs/job.ts';
import type { ProofHead } from '../../metadata/proofs.ts';
import type { PaceFacts } from './facts.ts';

/** A restore that was timed. */
export interface Timed {
  /** Of the backup. */
  url: string;
  from: PaceFacts['from'];
  jobId: string;
  at: string;
  /** As stored. */
  bytes: number;
  milliseconds: number;
}

/** The restores of drills and of jobs that tell how fast they were. */
export function timedOf(proofs: readonly ProofHead[], restores: readonly JobView[]): Timed[] {
  const drills = proofs.flatMap((proof): Timed[] => {
    if (proof.kind !== 'drill' || proof.outcome !== 'passed') return [];
    const { figures, startedAt, finishedAt, jobId, location } = proof;
    // Without the time of the restore itself, that of the whole drill errs on the safe side.
    const milliseconds = figures.restoreMs ?? finishedAt.getTime() - startedAt.getTime();
    const at = finishedAt.toISOString();
    return [{ url: location, from: 'drill', jobId, at, bytes: figures.bytes, milliseconds }];
  });
  const jobs = restores.flatMap(({ id, location, storedBytes: bytes, startedAt, finishedAt }): Timed[] => {
    if (startedAt === null || finishedAt === null) return [];
    const milliseconds = Date.parse(finishedAt) - Date.parse(startedAt);
    return [{ url: location, from: 'restore', jobId: id, at: finishedAt, bytes, milliseconds }];
  });
  return [...drills, ...jobs].filter(({ bytes, milliseconds }) => bytes > 0 && milliseconds > 0);
}

/**
 * How long a restore of so many bytes would take, by the newest that was timed: of this very backup, else of another one of this
 * target, else of one of its cluster; a drill before a restore. Null where none was.
 */
export function paceOf(
  timed: readonly Timed[],
  bytes: number,
  urls: { backup: string; target: ReadonlySet<string>; cluster: ReadonlySet<string> },
): PaceFacts | null {
  const newest = timed.toSorted(
    (one, other) =>
      Number(other.from === 'drill') - Number(one.from === 'drill') ||
      Date.parse(other.at) - Date.parse(one.at),
  );
  for (const [of, has] of [
    ['backup', (url: string) => url === urls.backup],
    ['target', (url: string) => urls.target.has(url)],
    ['cluster', (url: string) => urls.cluster.has(url)],
  ] as const) {
    const found = newest.find(({ url }) => has(url));
    if (found === undefined) continue;
    const bytesASecond = (found.bytes / found.milliseconds) * 1000;
    const { from, jobId, at } = found;
    return { of, from, jobId, at, bytesASecond, estimateMs: Math.round((bytes / bytesASecond) * 1000) };
  }
  return null;
}
