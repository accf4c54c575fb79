import { HoldfastError, messageOf, type ErrorCode, type ErrorField } from '../errors.ts';
import { NOTHING_SAVED, type RemoteLocation, type SavedCredentials } from './credentials.ts';
import { deferred } from './deferred.ts';
import type { Location } from './location.ts';
import { nodelocalStore } from './nodelocal/store.ts';
import { patient } from './patient.ts';
import type { RetryPolicy } from './retry.ts';
import { StoreError, type Store, type StoreErrorCode } from './store.ts';
import { DEFAULT_TUNING, type Tuning } from './tuning.ts';

export interface StorageConfig {
  /** The root of `nodelocal` locations: HOLDFAST_EXTERN_DIR. */
  externDir: string;
  /** What opens locations whose URLs leave that out. */
  saved?: SavedCredentials;
  tuning?: Tuning;
  /** Hears of each wait before something is tried again. */
  onWait?: RetryPolicy['onWait'];
}

/**
 * Opens a location. Touches nothing yet: whether it can be reached, and whether there are credentials for it, shows in the
 * first call.
 */
export function openStore(location: Location, config: StorageConfig): Store {
  const { onWait, tuning: given = DEFAULT_TUNING } = config;
  const tuning = onWait === undefined ? given : { ...given, retry: { ...given.retry, onWait } };
  if (location.scheme === 'nodelocal')
    return patient(nodelocalStore(config.externDir, location.path), tuning);
  return patient(
    deferred(() => openRemote(location, config.saved ?? NOTHING_SAVED, tuning)),
    tuning,
  );
}

/** The clients of the clouds are large: each is loaded by the first location that needs it. */
async function openRemote(location: RemoteLocation, saved: SavedCredentials, tuning: Tuning): Promise<Store> {
  const known =
    location.credentials.kind === 'unstated' ? ((await saved.complete(location)) ?? location) : location;
  return openKnown(known, tuning);
}

async function openKnown(location: RemoteLocation, tuning: Tuning): Promise<Store> {
  switch (location.scheme) {
    case 's3':
      return (await import('./s3/store.ts')).s3Store(location, tuning);
    case 'azure':
      return (await import('./azure/store.ts')).azureStore(location, tuning);
    case 'gs':
      return (await import('./gs/store.ts')).gsStore(location, tuning);
    case 'http':
    case 'https':
      return (await import('./http/store.ts')).httpStore(location, tuning);
  }
}

/** What people are told of each way that a store can fail: a code of ours, and what to do unless the store knows better. */
const TOLD: Readonly<Record<StoreErrorCode, { code: ErrorCode; hint: string }>> = {
  'not-found': {
    code: 'undefined-backup',
    hint: 'Check the URL, and that the file server behind it is the one you mean and is mounted.',
  },
  'no-container': {
    code: 'storage-missing',
    hint: 'Create it first, or check how its name is written: Holdfast makes no buckets or containers.',
  },
  exists: {
    code: 'duplicate-file',
    hint: 'Nothing is ever overwritten: choose another path for this backup.',
  },
  denied: {
    code: 'storage-denied',
    hint: 'Give the engines the right to read and write there, or choose another destination.',
  },
  'invalid-name': { code: 'location-invalid', hint: 'Choose a shorter path of plain names.' },
  'no-space': {
    code: 'storage-full',
    hint: 'Free some space there or choose another destination, then start again.',
  },
  'no-listing': {
    code: 'unsupported',
    hint: 'Give the URL of a backup itself: what is there can not be listed.',
  },
  transient: {
    code: 'storage-unavailable',
    hint: 'It was tried several times. Check that the service is up and can be reached, then start again.',
  },
  failed: { code: 'storage-failed', hint: 'Check the destination, or choose another one.' },
};

/**
 * What people are told when a store can't do it: which file, where, and what to do. A HoldfastError is given back as
 * it is, so everything that comes out of an export or a restore can be passed through here.
 */
export function storeErrorToHoldfast(error: unknown, location: Location, field?: ErrorField): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (!(error instanceof StoreError)) {
    return new HoldfastError('internal', `${location.redacted}: ${messageOf(error)}`, {
      field,
      cause: error,
    });
  }
  // A body that failed isn't the store's failure: what the body said is what people need to know.
  if (error.cause instanceof HoldfastError) return error.cause;
  const { code, hint } = TOLD[error.code];
  return new HoldfastError(code, `${location.redacted}: ${error.message}`, {
    field,
    cause: error,
    hint: error.hint ?? hint,
  });
}
