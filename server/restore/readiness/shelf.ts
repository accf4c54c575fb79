import { Turns } from '../../cluster/turns.ts';
import { serverOf } from '../../destinations/place.ts';
import { HoldfastError, messageOf } from '../../errors.ts';
import { READ_AT_ONCE, readManifestAt } from '../../format/manifest.ts';
import { type Location, parseLocation } from '../../storage/location.ts';
import type { Store } from '../../storage/store.ts';
import { Asked } from './asked.ts';
import type { Deadline } from './deadline.ts';
import { digestOf, type LayerDigest } from './digest.ts';
import type { LayerState } from './facts.ts';

/** A layer that was read a minute ago is there: it is asked for again after that. */
const GOOD_MS = 60_000;
/** What was wrong may have been mended by the next look at the page. */
const FAILED_GOOD_MS = 10_000;
/** Enough for all chains of the backups that are looked at. */
const MOST_KEPT = 2_000;
/** Reads from a mount that hangs keep threads of the process, which has four for all files. */
const LOCAL_AT_ONCE = 2;

/** What came of reading a manifest. */
export type Read =
  { state: 'readable'; digest: LayerDigest } | { state: Exclude<LayerState, 'readable'>; why: string };

/**
 * Manifests, read side by side but never many of one server at a time, and kept for a short while. A server that doesn't answer
 * holds up the reads from it alone.
 */
export class Shelf {
  readonly #openStore: (location: Location) => Store;
  readonly #reads: Asked<Read>;
  readonly #turns = new Map<string, Turns>();
  /** When a server answered last, whatever it was. */
  readonly #answered = new Map<string, number>();
  readonly #now: () => number;

  constructor(openStore: (location: Location) => Store, now: () => number) {
    this.#openStore = openStore;
    this.#now = now;
    this.#reads = new Asked(({ state }) => (state === 'readable' ? GOOD_MS : FAILED_GOOD_MS), now, MOST_KEPT);
  }

  /** What is at the URL, as far as it can be told by then. Never rejects. */
  async read(url: string, deadline: Deadline, since: number): Promise<Read> {
    let location: Location;
    try {
      location = parseLocation(url, 'source');
    } catch (error) {
      return { state: 'unreachable', why: messageOf(error) };
    }
    const server = serverOf(location);
    const read = await deadline.by(this.#reads.of(url, () => this.#read(location, server)));
    if (read !== null) return read;
    const answers = (this.#answered.get(server) ?? -Infinity) >= since;
    return answers
      ? { state: 'unread', why: 'it has not been read in time' }
      : { state: 'unreachable', why: 'the destination has not answered in time' };
  }

  async #read(location: Location, server: string): Promise<Read> {
    const read = await this.#turnsOf(server, location).during(async () => {
      try {
        const manifest = await readManifestAt(location, this.#openStore);
        return { state: 'readable' as const, digest: digestOf(manifest) };
      } catch (error) {
        return failure(error);
      }
    });
    if (read.state !== 'unreachable') this.#answered.set(server, this.#now());
    return read;
  }

  #turnsOf(server: string, { scheme }: Location): Turns {
    const known = this.#turns.get(server);
    if (known !== undefined) return known;
    const turns = new Turns(scheme === 'nodelocal' ? LOCAL_AT_ONCE : READ_AT_ONCE);
    this.#turns.set(server, turns);
    return turns;
  }
}

function failure(error: unknown): Read {
  const why = messageOf(error);
  if (!(error instanceof HoldfastError)) return { state: 'unreachable', why };
  switch (error.code) {
    case 'undefined-backup':
    case 'storage-missing':
      return { state: 'lost', why };
    case 'corrupt-backup':
    case 'unsupported':
      return { state: 'damaged', why };
    default:
      return { state: 'unreachable', why };
  }
}
