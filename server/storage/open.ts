import { HoldfastError, messageOf, type ErrorField } from '../errors.ts';
import type { Location } from './location.ts';
import { nodelocalStore } from './nodelocal.ts';
import { withRetry } from './retry.ts';
import { StoreError } from './store.ts';
import type { Store } from './store.ts';

export interface StorageConfig {
  /** The root of `nodelocal` locations: HOLDFAST_EXTERN_DIR. */
  externDir: string;
}

/** Opens a location. Touches nothing yet: whether it can be reached shows in the first call. */
export function openStore(location: Location, config: StorageConfig): Store {
  switch (location.scheme) {
    case 'nodelocal':
      return withRetry(nodelocalStore(config.externDir, location.path));
  }
}

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
  const details = { field, cause: error };
  const message = `${location.redacted}: ${error.message}`;
  switch (error.code) {
    case 'not-found':
      return new HoldfastError('undefined-backup', message, {
        ...details,
        hint: 'Check the URL, and that the file server behind it is the one you mean and is mounted.',
      });
    case 'exists':
      return new HoldfastError('duplicate-file', message, {
        ...details,
        hint: 'Nothing is ever overwritten: choose another path for this backup.',
      });
    case 'denied':
      return new HoldfastError('storage-denied', message, {
        ...details,
        hint: 'Give the engine the right to read and write there, or choose a path inside the extern directory (HOLDFAST_EXTERN_DIR).',
      });
    case 'invalid-name':
      return new HoldfastError('location-invalid', message, {
        ...details,
        hint: 'Choose a shorter path of plain names.',
      });
    case 'no-space':
      return new HoldfastError('storage-unavailable', message, {
        ...details,
        hint: 'Free some space there or choose another destination, then start again.',
      });
    case 'transient':
      return new HoldfastError('storage-unavailable', message, {
        ...details,
        hint: 'It was tried several times. Check that the file server is up, then start again.',
      });
    case 'failed':
      return new HoldfastError('storage-unavailable', message, {
        ...details,
        hint: 'Check the destination, or choose another one.',
      });
  }
}
