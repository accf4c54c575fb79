import pMap from 'p-map';
import { problemOf } from '../backup/check.ts';
import type { Problem } from '../backup/selection.ts';
import { parsePlace } from '../destinations/draft.ts';
import type { Destinations } from '../destinations/destinations.ts';
import { HoldfastError } from '../errors.ts';
import { READ_AT_ONCE, readManifestAt } from '../format/manifest.ts';
import { lent } from '../storage/lending.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import type { Store } from '../storage/store.ts';
import type { ScanEvent } from './found.ts';
import type { ImportedBackups } from './imported.ts';
import type { KnownBackups } from './known.ts';
import { scan } from './scan.ts';

/** Where to look for backups. */
export type ImportSource =
  /** A saved destination, all of it. */
  | { kind: 'saved'; id: string }
  /** Any URL: of a place that has backups below it, or of a backup. */
  | { kind: 'url'; url: string };

export interface ImporterTools {
  destinations: Destinations;
  imported: ImportedBackups;
  known: KnownBackups;
  openStore: (location: Location) => Store;
}

/** "Import backups from a destination": shows what is there, and records what is chosen of it. */
export class Importer {
  readonly #tools: ImporterTools;

  constructor(tools: ImporterTools) {
    this.#tools = tools;
  }

  /** As `scan`; what goes wrong is told as the last event. */
  async *scan(source: ImportSource, signal?: AbortSignal): AsyncGenerator<ScanEvent> {
    const { openStore, known } = this.#tools;
    try {
      yield* scan(await this.#placeOf(source), {
        openStore,
        known,
        knownAmong: (backups) => known.among(backups),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      // Nobody listens any more.
      if (signal?.aborted === true) return;
      if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
      yield { type: 'failed', problem: { ...problemOf(error), field: error.field ?? 'url' } };
    }
  }

  /**
   * Records backups of a place, by their redacted URLs; each manifest is read and checked once more. What became of those that
   * were not recorded is data.
   */
  async add(
    source: ImportSource,
    urls: readonly string[],
  ): Promise<{ imported: number; already: number; problems: { url: string; problem: Problem }[] }> {
    const place = await this.#placeOf(source);
    const done = { imported: 0, already: 0, problems: [] as { url: string; problem: Problem }[] };
    await pMap(
      urls,
      async (url) => {
        try {
          done[await this.#addOne(lent(parseLocation(url, 'url'), place))] += 1;
        } catch (error) {
          if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
          done.problems.push({ url, problem: problemOf(error) });
        }
      },
      { concurrency: READ_AT_ONCE },
    );
    return done;
  }

  /** Forgets records; files stay. */
  forget(urls: readonly string[]): Promise<void> {
    return this.#tools.imported.forget(urls);
  }

  async #addOne(location: Location): Promise<'imported' | 'already'> {
    const { imported, known, openStore } = this.#tools;
    const manifest = await readManifestAt(location, openStore);
    const { id, jobId } = manifest;
    const already = (await known.among([{ url: location.redacted, id, jobId }])).size > 0;
    const about = await known.about(location.redacted, jobId);
    // What a job made here is known for as long as the job is.
    if (about === null || about.job === null)
      await imported.note(manifest, location, { sealed: await this.#needsSeal(location) });
    return already ? 'already' : 'imported';
  }

  /** Whether its credentials have to be kept with it: they were typed, and no saved destination has any for it. */
  async #needsSeal(location: Location): Promise<boolean> {
    if (location.scheme === 'nodelocal' || location.credentials.kind === 'unstated') return false;
    const { destinations } = this.#tools;
    const bare = parseLocation(location.redacted, 'url');
    return bare.scheme === 'nodelocal' || (await destinations.complete(bare)) === null;
  }

  async #placeOf(source: ImportSource): Promise<Location> {
    const { destinations } = this.#tools;
    if (source.kind === 'url') return parsePlace({ url: source.url, bearer: null }, null);
    const place = await destinations.locationOf(source.id);
    // Its credentials stay with the destination: whatever lies in it is opened with them.
    return place.scheme === 'nodelocal' ? place : { ...place, credentials: { kind: 'unstated' } };
  }
}
