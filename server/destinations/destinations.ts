import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import pg from 'pg';
import { z } from 'zod';
import type { Secrets } from '../accounts/secrets.ts';
import { HoldfastError } from '../errors.ts';
import type { Metadata } from '../metadata/open.ts';
import type { MetadataTables } from '../metadata/schema.ts';
import { completed } from '../storage/completed.ts';
import type { RemoteLocation, SavedCredentials } from '../storage/credentials.ts';
import { fullUrl } from '../storage/full-url.ts';
import { parseDestination, type Location } from '../storage/location.ts';
import { probeReportSchema, type ProbeReport } from '../storage/probe.ts';
import { parseDestinationName } from './destination-name.ts';
import { assertOpens, parsePlace, type PlaceDraft } from './draft.ts';
import { loginOf, placeOf, type Login } from './place.ts';

/** A saved destination as pages show it: nothing of its secrets. */
export interface SavedDestination {
  id: string;
  name: string;
  /** Redacted. */
  url: string;
  login: Login;
  /** ISO 8601, UTC, as all times here. */
  createdAt: string;
  /** What the last test found; null: not tested since it is what it is. */
  lastTest: { at: string; report: ProbeReport } | null;
}

export interface DestinationDraft extends PlaceDraft {
  name: string;
}

type Row = Selectable<MetadataTables['destinations']>;

/** What is sealed of a destination. */
const secretSchema = z.object({ url: z.string(), bearer: z.string().nullable() });

/** PostgreSQL's code for a value that a unique column has already. */
const UNIQUE_VIOLATION = '23505';

/**
 * Places that backups go to, each with what opens it, sealed. URLs without credentials that lie in one of them are opened
 * with those of the one that lies nearest.
 */
export class Destinations implements SavedCredentials {
  readonly #metadata: Metadata;
  readonly #secrets: Secrets;
  readonly #now: () => Date;

  constructor(metadata: Metadata, secrets: Secrets, now: () => Date) {
    this.#metadata = metadata;
    this.#secrets = secrets;
    this.#now = now;
  }

  /** All of them, by name. */
  async list(): Promise<SavedDestination[]> {
    const rows = await this.#metadata.db.selectFrom('destinations').selectAll().orderBy('name').execute();
    return rows.map(savedOf);
  }

  /**
   * Saves a place. Throws, before anything is written, `invalid-value` and what `parseDestination` throws, and
   * `duplicate-object` for a name or a place that is saved already; about the field `name`, `url` or `bearer`.
   */
  async add(draft: DestinationDraft): Promise<SavedDestination> {
    const name = parseDestinationName(draft.name);
    const location = parsePlace(draft, null);
    assertOpens(location);
    const row = {
      id: randomUUID(),
      name,
      created_at: this.#now(),
      tested_at: null,
      test: null,
    };
    await this.#assertFree(row.id, name, location);
    const stored = { ...row, ...this.#stored(row.id, location) };
    await this.#writing(row.id, name, location, () =>
      this.#metadata.db.insertInto('destinations').values(stored).execute(),
    );
    return savedOf(stored);
  }

  /**
   * Gives a destination another name, or makes another place of it. With `keep`, the stored credentials go on being used
   * where the draft has none. Throws what `add` throws, and `undefined-object`.
   */
  async change(id: string, draft: DestinationDraft, { keep }: { keep: boolean }): Promise<SavedDestination> {
    const row = await this.#row(id);
    const name = parseDestinationName(draft.name);
    const before = this.#locationOf(row);
    const location = parsePlace(draft, keep ? before : null);
    assertOpens(location);
    await this.#assertFree(id, name, location);
    const same = JSON.stringify(location) === JSON.stringify(before);
    const changed = {
      name,
      ...this.#stored(id, location),
      // What was found out holds for what it was.
      ...(same ? {} : { tested_at: null, test: null }),
    };
    await this.#writing(id, name, location, () =>
      this.#metadata.db.updateTable('destinations').set(changed).where('id', '=', id).execute(),
    );
    return savedOf({ ...row, ...changed });
  }

  /** Forgets a destination and its credentials; what is stored there stays. One that isn't there is fine. */
  async remove(id: string): Promise<void> {
    await this.#metadata.db.deleteFrom('destinations').where('id', '=', id).execute();
  }

  /** The place itself, with its credentials. Throws `undefined-object`. */
  async locationOf(id: string): Promise<Location> {
    return this.#locationOf(await this.#row(id));
  }

  /** Notes what a test of the destination found, unless that is another place by now. */
  async noteTest(id: string, location: Location, report: ProbeReport): Promise<void> {
    await this.#metadata.db
      .updateTable('destinations')
      .set({ tested_at: this.#now(), test: JSON.stringify(report) })
      .where('id', '=', id)
      .where('url_redacted', '=', location.redacted)
      .execute();
  }

  /**
   * What opens a location whose URL doesn't say: of the destinations that it lies in, that with the longest path. Throws
   * `location-invalid` where two are as near: an Azure URL that leaves out the account.
   */
  async complete(location: RemoteLocation): Promise<RemoteLocation | null> {
    const rows = await this.#metadata.db
      .selectFrom('destinations')
      .selectAll()
      .where('url_redacted', 'like', `${location.scheme}://%`)
      .execute();
    const near = rows.flatMap((row) => {
      const place = parseDestination(row.url_redacted);
      const within = place.scheme !== 'nodelocal' && completed(location, place) !== null;
      return within ? [{ row, length: place.path.length }] : [];
    });
    const longest = Math.max(...near.map(({ length }) => length));
    const [nearest, other] = near.filter(({ length }) => length === longest);
    if (nearest === undefined) return null;
    if (other !== undefined)
      throw new HoldfastError(
        'location-invalid',
        `${location.redacted} lies in two saved destinations: ${quoted(nearest.row.name)} and ${quoted(other.row.name)}`,
        { hint: 'Say which account is meant: AZURE_ACCOUNT_NAME=….' },
      );
    const saved = this.#locationOf(nearest.row);
    return saved.scheme === 'nodelocal' ? null : completed(location, saved);
  }

  async #row(id: string): Promise<Row> {
    const row = await this.#metadata.db
      .selectFrom('destinations')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row !== undefined) return row;
    throw new HoldfastError('undefined-object', 'there is no such saved destination any more', {
      hint: 'The Destinations page lists those that there are.',
    });
  }

  async #assertFree(id: string, name: string, location: Location): Promise<void> {
    const place = placeOf(location);
    const rows = await this.#metadata.db
      .selectFrom('destinations')
      .select(['name', 'place'])
      .where((either) => either.or([either('name', '=', name), either('place', '=', place)]))
      .where('id', '<>', id)
      .execute();
    if (rows.some((row) => row.name === name))
      throw new HoldfastError('duplicate-object', `a destination ${quoted(name)} exists already`, {
        hint: 'Choose another name, or change that one.',
        field: 'name',
      });
    const [same] = rows;
    if (same !== undefined)
      throw new HoldfastError('duplicate-object', `${quoted(same.name)} is this place already`, {
        hint: 'Change that one, or save another path.',
        field: 'url',
      });
  }

  /** Two may have looked at the same time and both found the name or the place free. */
  async #writing(id: string, name: string, location: Location, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION)
        await this.#assertFree(id, name, location);
      throw error;
    }
  }

  #stored(id: string, location: Location): Pick<Row, 'place' | 'url_redacted' | 'login' | 'secret_sealed'> {
    const bearer =
      location.scheme !== 'nodelocal' && location.credentials.kind === 'bearer'
        ? location.credentials.token
        : null;
    return {
      place: placeOf(location),
      url_redacted: location.redacted,
      login: loginOf(location),
      secret_sealed: this.#secrets.seal(JSON.stringify({ url: fullUrl(location), bearer }), purposeOf(id)),
    };
  }

  #locationOf({ id, secret_sealed }: Row): Location {
    const { url, bearer } = secretSchema.parse(
      JSON.parse(this.#secrets.unseal(secret_sealed, purposeOf(id))),
    );
    return parsePlace({ url, bearer }, null);
  }
}

/** A sealed secret can't be put in another destination's place. */
function purposeOf(id: string): string {
  return `destination:${id}`;
}

function savedOf(row: Row): SavedDestination {
  // What an older version noted says nothing.
  const report = probeReportSchema.safeParse(row.test);
  return {
    id: row.id,
    name: row.name,
    url: row.url_redacted,
    login: row.login,
    createdAt: row.created_at.toISOString(),
    lastTest:
      row.tested_at !== null && report.success
        ? { at: row.tested_at.toISOString(), report: report.data }
        : null,
  };
}

function quoted(name: string): string {
  return `“${name}”`;
}
