import { CHECKPOINT_NAME, readCheckpoint } from '../format/checkpoint.ts';
import { type DataFile, readManifest } from '../format/manifest.ts';
import { HoldfastError } from '../errors.ts';
import type { BackupStatement } from '../statement/ast.ts';
import { type Location, parseLocation } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { StoreError, type Store } from '../storage/store.ts';
import type { ClaimedJob } from './ledger.ts';
import type { EngineTools } from './tools.ts';

// What a BACKUP job has written, and how it is taken back.

/** True when an earlier attempt wrote the manifest and died before it could say so. */
export async function sealedBefore(store: Store, location: Location, job: ClaimedJob): Promise<boolean> {
  try {
    return (await readManifest(store, location)).jobId === job.id;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'undefined-backup') return false;
    throw error;
  }
}

/** Removes what tries that were given up have written: nothing is in a backup that its manifest doesn't name. */
export async function sweep(
  job: ClaimedJob,
  store: Store,
  tools: EngineTools,
  files: readonly DataFile[],
): Promise<void> {
  const kept = new Set(files.map((file) => file.name));
  const leftovers = await tools.tasks.leftovers(job);
  await removeAllowed(
    job,
    store,
    tools,
    leftovers.filter((file) => !kept.has(file)),
  );
}

/**
 * Removes files, as far as the store allows: a backup needs no right to remove anything, and a locked bucket lets nobody. What
 * stays is in no manifest; the log says so. Throws StoreError for everything else.
 */
export async function removeAllowed(
  job: ClaimedJob,
  store: Store,
  tools: EngineTools,
  files: readonly string[],
): Promise<void> {
  let kept = 0;
  let refusal: StoreError | null = null;
  for (const file of files) {
    try {
      await store.remove(file);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'denied')) throw error;
      refusal ??= error;
      kept++;
    }
  }
  if (refusal === null) return;
  const what = kept === 1 ? 'One file' : `${kept} files`;
  await tools.jobs.log(
    job.id,
    `${what} that the backup doesn't need could not be removed and may stay: ${refusal.message}`,
    'warning',
  );
}

/**
 * Removes every file that this job's tries wrote, and its checkpoint; nothing else. Called when the job is
 * cancelled, fails or starts over; may be repeated. A finished backup is left alone, and `complete`.
 */
export async function removeBackupFiles(
  job: ClaimedJob,
  statement: BackupStatement,
  tools: EngineTools,
): Promise<'complete' | 'undone'> {
  const location = parseLocation(statement.to);
  const store = tools.openStore(location);
  try {
    if (await sealedBefore(store, location, job)) return 'complete';
    await removeFiles(job, store, tools);
    if ((await readCheckpoint(store))?.jobId === job.id)
      await removeAllowed(job, store, tools, [CHECKPOINT_NAME]);
    return 'undone';
  } catch (error) {
    throw error instanceof StoreError ? storeErrorToHoldfast(error, location) : error;
  } finally {
    await store.close();
  }
}

/** Removes what all tries of the job have written so far, as far as the store allows. */
export async function removeFiles(job: ClaimedJob, store: Store, tools: EngineTools): Promise<void> {
  await removeAllowed(job, store, tools, await tools.tasks.files(job.id));
}
