import { parseJobId } from '../jobs/job.ts';
import type { JobId, JobView } from '../jobs/job.ts';
import type { JobLog } from '../jobs/log.ts';
import type { KnownPlaces } from '../restore/layers.ts';
import { basesNamedIn } from '../statement/bases.ts';
import { rootFinder } from './chains.ts';
import type { ImportedBackup, ImportedBackups } from './imported.ts';

/** So many are listed at once: whoever looks for an older one names it. */
const MOST_LISTED = 500;
/** More than that are never looked at for an incremental backup. */
const MOST_BASES = 50;

/** A backup that this Holdfast made, or that was imported. */
export interface KnownBackup {
  /** Redacted. */
  url: string;
  /** The URL of the full backup that its chain begins with: its own for a full one. */
  root: string;
  /** 1: full; 2, 3, …: which layer of its chain. */
  layer: number;
  /** What the cluster is registered as; of an imported one, what it was where that was made. */
  cluster: string;
  /** Consistent as of, UTC; null where a job of an older version didn't note it. */
  moment: string | null;
  finishedAt: string;
  rows: number;
  storedBytes: number;
  /** The job that made it here; null for an imported one. */
  job: JobId | null;
}

/** All backups that this Holdfast knows of, however it came to. */
export class KnownBackups implements KnownPlaces {
  readonly #jobs: JobLog;
  readonly #imported: ImportedBackups;

  constructor(jobs: JobLog, imported: ImportedBackups) {
    this.#jobs = jobs;
    this.#imported = imported;
  }

  /** The newest first; with `text`, those whose URL or cluster has it. `more`: there are others. */
  async list(text = ''): Promise<{ backups: KnownBackup[]; more: boolean }> {
    const [made, imported] = await Promise.all([
      this.#jobs.finishedBackups(text),
      this.#imported.newest(MOST_LISTED, text),
    ]);
    const backups = newestFirst(made.flatMap(madeHere), imported.map(importedHere(imported)));
    // A list that is full may have been cut.
    const more = [made, imported, backups].some(({ length }) => length >= MOST_LISTED);
    return { backups: backups.slice(0, MOST_LISTED), more };
  }

  /** What an incremental backup of a cluster could build on, newest first: their URLs. */
  async basesOf(cluster: string, identity: string): Promise<string[]> {
    const made = (await this.#jobs.finishedBackups()).filter(({ job }) => job.cluster === cluster);
    const imported = await this.#imported.newestOf(identity, MOST_BASES);
    return newestFirst(made.flatMap(madeHere), imported.map(importedHere(imported))).map(({ url }) => url);
  }

  placesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#imported.placesOf(ids);
  }

  /** Of these backups, those that are known, by URL. */
  async among(backups: readonly { url: string; id: string; jobId: string }[]): Promise<Set<string>> {
    const [imported, made] = await Promise.all([
      this.#imported.among(backups),
      this.#jobs.madeHere(backups.map(({ jobId }) => jobId)),
    ]);
    for (const { url, jobId } of backups) if (made.get(jobId) === url) imported.add(url);
    return imported;
  }

  /** How one backup came to be known: the job that made it here, or its import; null for neither. */
  async about(
    url: string,
    jobId: string,
  ): Promise<{ job: JobId } | { job: null; importedAt: string } | null> {
    const job = parseJobId(jobId);
    if (job !== null && (await this.#jobs.madeHere([job])).get(job) === url) return { job };
    const imported = await this.#imported.at(url);
    return imported === null ? null : { job: null, importedAt: imported.importedAt };
  }
}

function madeHere({ url, job }: { url: string; job: JobView }): KnownBackup[] {
  // Every BACKUP has a cluster; jobs of some other kinds have none.
  if (job.cluster === null) return [];
  const bases = basesNamedIn(job.statement);
  return [
    {
      url,
      root: bases[0] ?? url,
      layer: bases.length + 1,
      cluster: job.cluster,
      moment: job.moment,
      finishedAt: job.finishedAt ?? job.createdAt,
      rows: job.rows,
      storedBytes: job.storedBytes,
      job: job.id,
    },
  ];
}

function importedHere(all: readonly ImportedBackup[]): (backup: ImportedBackup) => KnownBackup {
  const rootOf = rootFinder(all);
  return ({ url, chain, cluster, moment, finishedAt, rows, storedBytes }) => ({
    url,
    root: rootOf({ url, chain }),
    layer: chain.length + 1,
    cluster,
    moment,
    finishedAt,
    rows,
    storedBytes,
    job: null,
  });
}

/** Each place once: what was made here counts for more than that it was imported too. */
function newestFirst(made: readonly KnownBackup[], imported: readonly KnownBackup[]): KnownBackup[] {
  const places = new Set(made.map(({ url }) => url));
  const at = ({ moment, finishedAt }: KnownBackup): number => Date.parse(moment ?? finishedAt);
  return [...made, ...imported.filter(({ url }) => !places.has(url))].sort((a, b) => at(b) - at(a));
}
