import { z } from 'zod';
import { HoldfastError, type ErrorField } from '../errors.ts';
import type { Location } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { StoreError, type FileInfo, type Store } from '../storage/store.ts';
import { getDocument, putDocument } from './documents.ts';
import { FORMAT_VERSION, MANIFEST_NAME } from './manifest-schema.ts';

export const CHECKPOINT_NAME = 'checkpoint.json';

/** Says whose a directory is while a backup is being written to it. */
export const checkpointSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  jobId: z.string(),
  /** 1, 2, …: which attempt of the job laid claim to it. */
  attempt: z.int().positive(),
  startedAt: z.iso.datetime(),
  /** The BACKUP statement, without credentials. */
  statement: z.string(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

/**
 * Makes sure, without writing anything, that a backup can go there: the location holds nothing at all, or, where files can
 * only be had by name, neither a backup nor a claim. Throws
 * HoldfastError `duplicate-file` when it does, and the store's own errors, for the form's field `field`.
 */
export async function assertVacant(
  store: Store,
  location: Location,
  field: ErrorField = 'destination',
): Promise<void> {
  try {
    await assertNothingBut(null, store, location, field);
  } catch (error) {
    throw storeErrorToHoldfast(error, location, field);
  }
}

/** Throws `duplicate-file` for whatever is there beside a claim of one's own, and StoreError. */
async function assertNothingBut(
  own: typeof CHECKPOINT_NAME | null,
  store: Store,
  location: Location,
  field: ErrorField,
): Promise<void> {
  // The two names first: they say best what is there, wherever they come in the listing.
  for (const name of [MANIFEST_NAME, CHECKPOINT_NAME])
    if (name !== own && (await isThere(store, name))) throw taken(location, name, field);
  for await (const { name } of listIfPossible(store)) if (name !== own) throw taken(location, name, field);
}

/**
 * Lays claim to a location for a job: of all that try, one succeeds. Claiming again for the same job (it is being
 * resumed) is fine and answers the claim that stands. Throws HoldfastError `duplicate-file` when the location holds a
 * backup, another job's claim, or anything else; then nothing has been written.
 */
export async function claim(store: Store, location: Location, checkpoint: Checkpoint): Promise<Checkpoint> {
  try {
    const standing = await readCheckpoint(store);
    if (standing?.jobId === checkpoint.jobId && !(await isThere(store, MANIFEST_NAME))) return standing;
    await assertVacant(store, location);
    await putDocument(store, CHECKPOINT_NAME, checkpoint);
  } catch (error) {
    if (error instanceof StoreError && error.code === 'exists') {
      throw taken(location, CHECKPOINT_NAME, 'destination');
    }
    throw explained(error, location);
  }
  // Between the look and the claim another job may have come and gone, and left its backup.
  try {
    await assertNothingBut(CHECKPOINT_NAME, store, location, 'destination');
  } catch (error) {
    await release(store).catch(() => undefined);
    throw explained(error, location);
  }
  return checkpoint;
}

/** What is no error of the store's own passes as it is. */
function explained(error: unknown, location: Location): unknown {
  return error instanceof StoreError ? storeErrorToHoldfast(error, location, 'destination') : error;
}

/** Gives the claim up: the job has finished or removed its files. May be repeated. Throws StoreError. */
export async function release(store: Store): Promise<void> {
  await store.remove(CHECKPOINT_NAME);
}

/** Whose claim stands; null when there is none that can be read. Throws StoreError. */
export async function readCheckpoint(store: Store): Promise<Checkpoint | null> {
  const document = await getDocument(store, CHECKPOINT_NAME);
  if (document.kind !== 'read') return null;
  const parsed = checkpointSchema.safeParse(document.value);
  return parsed.success ? parsed.data : null;
}

async function* listIfPossible(store: Store): AsyncIterable<FileInfo> {
  try {
    yield* store.list('');
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'no-listing')) throw error;
  }
}

async function isThere(store: Store, name: string): Promise<boolean> {
  try {
    await store.stat(name);
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return false;
    throw error;
  }
}

/** CockroachDB's wording, with our names of its two files. */
function taken(location: Location, file: string, field: ErrorField): HoldfastError {
  const already = `${location.redacted} already contains a ${file} file`;
  if (file === CHECKPOINT_NAME) {
    return new HoldfastError('duplicate-file', `${already} (is another operation already in progress?)`, {
      field,
      hint: 'Choose another path: every backup needs one of its own. SHOW JOBS lists the backups that are running.',
    });
  }
  return new HoldfastError('duplicate-file', already, {
    field,
    hint:
      file === MANIFEST_NAME
        ? 'There is a backup already, and nothing is ever overwritten: choose another path.'
        : 'A backup goes to an empty directory of its own: choose another path.',
  });
}
