import type { Location } from './location.ts';

/** A location whose URL may leave out what opens it. */
export type RemoteLocation = Exclude<Location, { scheme: 'nodelocal' }>;

/** Knows what opens places whose URLs leave that out: saved destinations. */
export interface SavedCredentials {
  /** The location with the credentials that were saved for the place it is in; null where none were. */
  complete(location: RemoteLocation): Promise<RemoteLocation | null>;
}

/** Knows none. */
export const NOTHING_SAVED: SavedCredentials = { complete: () => Promise.resolve(null) };

/** Asks one after the other. */
export function firstToKnow(...all: readonly SavedCredentials[]): SavedCredentials {
  return {
    async complete(location) {
      for (const each of all) {
        const known = await each.complete(location);
        if (known !== null) return known;
      }
      return null;
    },
  };
}
