import { z } from 'zod';
import { HoldfastError } from '../errors.ts';
import type { Location } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import type { Store } from '../storage/store.ts';
import { CHECKPOINT_NAME } from './checkpoint.ts';
import { getDocument, putDocument, type DocumentRead } from './documents.ts';
import { digestOf } from './integrity.ts';
import { contradiction } from './manifest-check.ts';
import {
  FORMAT_VERSION,
  MANIFEST_NAME,
  manifestSchema,
  type Manifest,
  type UnsignedManifest,
} from './manifest-schema.ts';

export * from './manifest-schema.ts';

const DO_NOT_RESTORE = 'Do not restore from it. Use another backup, or another copy of this one.';

/** How many manifests are read side by side: the far ends of a network take their time to answer, each of them. */
export const READ_AT_ONCE = 8;

/**
 * Makes the directory a backup. Answers the manifest with its digest. Throws StoreError (`exists` when there is one
 * already), and HoldfastError `internal` for a manifest that couldn't be read back: better no backup than that one.
 */
export async function writeManifest(store: Store, unsigned: UnsignedManifest): Promise<Manifest> {
  // Through the schema first: what isn't in the format isn't in the digest either.
  const content = manifestSchema.omit({ digest: true }).safeParse(unsigned);
  const problem = content.success ? contradiction(content.data) : z.prettifyError(content.error);
  if (!content.success || problem !== null) {
    throw new HoldfastError('internal', `the manifest of this backup contradicts itself: ${problem}`, {
      hint: 'The backup was not finished. This is an error in Holdfast: please report it.',
    });
  }
  const manifest: Manifest = { ...content.data, digest: digestOf(content.data) };
  await putDocument(store, MANIFEST_NAME, manifest);
  return manifest;
}

/**
 * Reads and checks the manifest; one that is damaged is read once more, since that may have happened on the way. Throws HoldfastError: `undefined-backup` (none there, or not yet), `unsupported` (a
 * newer format), `corrupt-backup` (not a manifest, edited, damaged, or in contradiction with itself), and the
 * store's own.
 */
export async function readManifest(store: Store, location: Location): Promise<Manifest> {
  try {
    return await readOnce(store, location).catch((error: unknown) => {
      if (error instanceof HoldfastError && error.code === 'corrupt-backup') return readOnce(store, location);
      throw error;
    });
  } catch (error) {
    throw storeErrorToHoldfast(error, location);
  }
}

async function readOnce(store: Store, location: Location): Promise<Manifest> {
  const document = await getDocument(store, MANIFEST_NAME);
  if (document.kind === 'missing') throw await noBackup(store, location);
  return parseManifest(document, location);
}

/** Reads and checks the manifest at a location that nothing else is wanted of. Throws what `readManifest` throws. */
export async function readManifestAt(
  location: Location,
  openStore: (location: Location) => Store,
): Promise<Manifest> {
  const store = openStore(location);
  try {
    return await readManifest(store, location);
  } finally {
    await store.close();
  }
}

function parseManifest(document: Exclude<DocumentRead, { kind: 'missing' }>, location: Location): Manifest {
  if (document.kind === 'unreadable') throw corrupt(location, document.why);
  const head = z
    .looseObject({ formatVersion: z.int().positive(), holdfastVersion: z.string(), digest: z.string() })
    .safeParse(document.value);
  if (!head.success) throw new ForeignManifest(location);
  const { formatVersion, holdfastVersion, digest } = head.data;
  if (formatVersion > FORMAT_VERSION) {
    throw new HoldfastError(
      'unsupported',
      `the backup at ${location.redacted} has format version ${formatVersion}, written by Holdfast ` +
        `${JSON.stringify(holdfastVersion)}; this Holdfast reads versions up to ${FORMAT_VERSION}`,
      { hint: 'Use the Holdfast that wrote it, or a newer one.' },
    );
  }
  if (digestOf(head.data) !== digest) {
    throw corrupt(location, 'it has been changed since it was written: its digest does not match');
  }
  const manifest = manifestSchema.safeParse(document.value);
  if (!manifest.success) throw corrupt(location, z.prettifyError(manifest.error));
  const problem = contradiction(manifest.data);
  if (problem !== null) throw corrupt(location, problem);
  return manifest.data;
}

/** A manifest.json of something else. */
export class ForeignManifest extends HoldfastError {
  constructor(location: Location) {
    super(
      'corrupt-backup',
      `${MANIFEST_NAME} of ${location.redacted} is damaged: it is not a manifest of Holdfast`,
      { hint: DO_NOT_RESTORE },
    );
  }
}

async function noBackup(store: Store, location: Location): Promise<HoldfastError> {
  const checkpoint = await getDocument(store, CHECKPOINT_NAME);
  if (checkpoint.kind !== 'missing') {
    return new HoldfastError(
      'undefined-backup',
      `there is no finished backup at ${location.redacted}: a backup was started here and has not finished`,
      {
        hint: 'Wait for its job (SHOW JOBS) or resume it; if the job is gone, back up again to another path.',
      },
    );
  }
  return new HoldfastError(
    'undefined-backup',
    `there is no backup at ${location.redacted}: it has no ${MANIFEST_NAME}`,
    { hint: 'Check the URL, and that the file server behind it is the one you mean and is mounted.' },
  );
}

function corrupt(location: Location, problem: string): HoldfastError {
  return new HoldfastError(
    'corrupt-backup',
    `${MANIFEST_NAME} of ${location.redacted} is damaged: ${problem}`,
    { hint: DO_NOT_RESTORE },
  );
}
