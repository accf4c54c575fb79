import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Secrets } from '../accounts/secrets.ts';
import { placeOf } from '../destinations/place.ts';
import type { Manifest } from '../format/manifest.ts';
import { hasText } from '../metadata/has-text.ts';
import type { Metadata } from '../metadata/open.ts';
import type { MetadataTables } from '../metadata/schema.ts';
import { completed } from '../storage/completed.ts';
import type { RemoteLocation, SavedCredentials } from '../storage/credentials.ts';
import { fullUrl } from '../storage/full-url.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';

/** A backup that was imported: what is known of it without asking its destination. */
export interface ImportedBackup {
  /** Redacted. */
  url: string;
  id: string;
  type: 'full' | 'incremental';
  chain: { id: string; url: string }[];
  /** What its cluster was registered as where it was made. */
  cluster: string;
  /** ISO 8601, UTC, as all times here. */
  moment: string;
  finishedAt: string;
  rows: number;
  storedBytes: number;
  importedAt: string;
}

/** Everything but what opens it. */
const COLUMNS = [
  'url_redacted',
  'id',
  'type',
  'chain',
  'cluster',
  'moment',
  'finished_at',
  'rows',
  'stored_bytes',
  'imported_at',
] as const;

/** Records of imported backups. Nothing here reads or writes the backups themselves. */
export class ImportedBackups implements SavedCredentials {
  readonly #metadata: Metadata;
  readonly #secrets: Secrets;
  readonly #now: () => Date;

  constructor(metadata: Metadata, secrets: Secrets, now: () => Date) {
    this.#metadata = metadata;
    this.#secrets = secrets;
    this.#now = now;
  }

  /**
   * Records a backup where it is; once, however often. `sealed`: the location's credentials are kept with it, as nothing else
   * opens it.
   */
  async note(manifest: Manifest, location: Location, { sealed }: { sealed: boolean }): Promise<void> {
    const place = keyOf(location);
    const row = {
      place,
      id: manifest.id,
      url_redacted: location.redacted,
      url_sealed: sealed ? this.#secrets.seal(fullUrl(location), purposeOf(place)) : null,
      type: manifest.type,
      chain: JSON.stringify(manifest.chain.map(({ id, url }) => ({ id, url }))),
      cluster: manifest.cluster.name,
      cluster_kind: manifest.cluster.kind,
      cluster_identity: manifest.cluster.identity,
      moment: manifest.moment.at,
      finished_at: manifest.finishedAt,
      rows: manifest.totals.rows,
      stored_bytes: manifest.totals.bytes,
      imported_at: this.#now(),
    };
    const { imported_at: _, ...again } = row;
    await this.#metadata.db
      .insertInto('imported_backups')
      .values(row)
      .onConflict((conflict) => conflict.column('place').doUpdateSet(again))
      .execute();
  }

  /** Forgets the records of the backups at these URLs; their files stay. Those that there are none of are fine. */
  async forget(urls: readonly string[]): Promise<void> {
    const places = urls.map((url) => keyOf(parseLocation(url, 'url')));
    if (places.length === 0) return;
    await this.#metadata.db.deleteFrom('imported_backups').where('place', 'in', places).execute();
  }

  /** The newest by their moments; with `text`, those whose URL or cluster has it, letter case aside. */
  async newest(limit: number, text = ''): Promise<ImportedBackup[]> {
    let select = this.#metadata.db
      .selectFrom('imported_backups')
      .select(COLUMNS)
      .orderBy('moment', 'desc')
      .orderBy('place')
      .limit(limit);
    if (text !== '') select = select.where(hasText(['url_redacted', 'cluster'], text));
    return (await select.execute()).map(importedOf);
  }

  /** The newest of one cluster, by what it is rather than what it is called. */
  async newestOf(identity: string, limit: number): Promise<ImportedBackup[]> {
    const rows = await this.#metadata.db
      .selectFrom('imported_backups')
      .select(COLUMNS)
      .where('cluster_identity', '=', identity)
      .orderBy('moment', 'desc')
      .limit(limit)
      .execute();
    return rows.map(importedOf);
  }

  /** The record of the backup at a URL; null where there is none. */
  async at(url: string): Promise<ImportedBackup | null> {
    const row = await this.#metadata.db
      .selectFrom('imported_backups')
      .select(COLUMNS)
      .where('place', '=', keyOf(parseLocation(url, 'url')))
      .executeTakeFirst();
    return row === undefined ? null : importedOf(row);
  }

  /** Of these backups, those that are recorded, by URL: the same backup in the same place. */
  async among(backups: readonly { url: string; id: string }[]): Promise<Set<string>> {
    const ids = new Map(backups.map(({ url, id }) => [keyOf(parseLocation(url, 'url')), { url, id }]));
    if (ids.size === 0) return new Set();
    const rows = await this.#metadata.db
      .selectFrom('imported_backups')
      .select(['place', 'id'])
      .where('place', 'in', [...ids.keys()])
      .execute();
    return new Set(
      rows.flatMap(({ place, id }) => {
        const backup = ids.get(place);
        return backup?.id === id ? [backup.url] : [];
      }),
    );
  }

  /** Where the backups of these ids are; redacted URLs, the newest record first. */
  async placesOf(ids: readonly string[]): Promise<Map<string, string[]>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#metadata.db
      .selectFrom('imported_backups')
      .select(['id', 'url_redacted'])
      .where('id', 'in', ids)
      .orderBy('imported_at', 'desc')
      .execute();
    const places = new Map<string, string[]>();
    for (const { id, url_redacted } of rows) places.set(id, [...(places.get(id) ?? []), url_redacted]);
    return places;
  }

  /** What opens an imported backup whose URL was given without. */
  async complete(location: RemoteLocation): Promise<RemoteLocation | null> {
    const place = keyOf(location);
    const row = await this.#metadata.db
      .selectFrom('imported_backups')
      .select('url_sealed')
      .where('place', '=', place)
      .executeTakeFirst();
    if (row?.url_sealed == null) return null;
    const saved = parseLocation(this.#secrets.unseal(row.url_sealed, purposeOf(place)));
    return saved.scheme === 'nodelocal' ? null : completed(location, saved);
  }
}

function keyOf(location: Location): string {
  return createHash('sha256').update(placeOf(location)).digest('hex');
}

/** A sealed URL can't be put in another backup's place. */
function purposeOf(place: string): string {
  return `imported-backup:${place}`;
}

function importedOf(
  row: Pick<Selectable<MetadataTables['imported_backups']>, (typeof COLUMNS)[number]>,
): ImportedBackup {
  return {
    url: row.url_redacted,
    id: row.id,
    type: row.type,
    chain: row.chain,
    cluster: row.cluster,
    moment: row.moment.toISOString(),
    finishedAt: row.finished_at.toISOString(),
    rows: Number(row.rows),
    storedBytes: Number(row.stored_bytes),
    importedAt: row.imported_at.toISOString(),
  };
}
