import type { Location } from '../storage/location.ts';
import { parseLocation } from '../storage/location.ts';
import { probe, type ProbeReport } from '../storage/probe.ts';
import type { Store } from '../storage/store.ts';
import { assertOpens, parsePlace, type PlaceDraft } from './draft.ts';
import type { Destinations } from './destinations.ts';
import { childOf, parentOf } from './place.ts';

/** What is tested. */
export type TestSubject =
  /** A saved destination; what is found is noted with it. */
  | { kind: 'saved'; id: string }
  /** One that isn't saved yet, or not as it is typed; `keepOf`: with the stored credentials of that one where it has none. */
  | ({ kind: 'place'; keepOf: string | null } & PlaceDraft)
  /** Where a backup would go: the directory that its own would be in, so that nothing is left in its own. */
  | { kind: 'backup'; url: string };

/** Redacted, where it was tested, and what was found. */
export interface ConnectionTest {
  url: string;
  report: ProbeReport;
}

/** Where probes go when backups go right below a bucket. */
const DIRECTORY = '.holdfast-probe';

export interface ConnectionTestTools {
  destinations: Destinations;
  /** Opens stores with `PROBE_TUNING`. */
  openStore: (location: Location) => Store;
  deadlineMs?: number;
}

/** "Test connection": puts a probe where backups would go. */
export class ConnectionTests {
  readonly #tools: ConnectionTestTools;

  constructor(tools: ConnectionTestTools) {
    this.#tools = tools;
  }

  /** Throws HoldfastError for what can't be a place: about the field `url`, `bearer` or `destination`. */
  async run(subject: TestSubject): Promise<ConnectionTest> {
    const { destinations } = this.#tools;
    const location = await this.#locationOf(subject);
    const report = await this.#probe(location);
    if (subject.kind === 'saved') await destinations.noteTest(subject.id, location, report);
    return { url: location.redacted, report };
  }

  async #locationOf(subject: TestSubject): Promise<Location> {
    const { destinations } = this.#tools;
    switch (subject.kind) {
      case 'saved':
        return destinations.locationOf(subject.id);
      case 'place': {
        const stored = subject.keepOf === null ? null : await destinations.locationOf(subject.keepOf);
        const location = parsePlace(subject, stored);
        assertOpens(location);
        return location;
      }
      case 'backup':
        return parentOf(parseLocation(subject.url));
    }
  }

  async #probe(location: Location): Promise<ProbeReport> {
    const at = location.path === '' ? childOf(location, DIRECTORY) : location;
    const store = this.#tools.openStore(at);
    try {
      return await probe(store, at, { deadlineMs: this.#tools.deadlineMs });
    } finally {
      await store.close().catch(() => undefined);
    }
  }
}
