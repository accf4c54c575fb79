import pMap from 'p-map';
import { problemOf } from '../backup/check.ts';
import { HoldfastError } from '../errors.ts';
import { CHECKPOINT_NAME, readCheckpoint } from '../format/checkpoint.ts';
import { ForeignManifest, MANIFEST_NAME, READ_AT_ONCE, readManifestAt } from '../format/manifest.ts';
import { recordedLayers } from '../restore/layers.ts';
import type { KnownPlaces } from '../restore/layers.ts';
import { lent } from '../storage/lending.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import { partProblem } from '../storage/names.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { redactUrl } from '../storage/redact.ts';
import { StoreError } from '../storage/store.ts';
import type { Store } from '../storage/store.ts';
import { below } from '../storage/within.ts';
import { foundOf } from './found.ts';
import type { FoundBackup, ScanEvent, Unusable } from './found.ts';

/** So many backups are looked for in one place. */
export const MOST_BACKUPS = 10_000;
/** So many files are looked at: a look that never ends helps nobody. */
const MOST_FILES = 20_000_000;
/** Every so many files of a listing, and every so many manifests, it is told how far it is. */
const FILES_A_STEP = 5_000;
const MANIFESTS_A_STEP = 40;

export interface ScanTools {
  openStore: (location: Location) => Store;
  known: KnownPlaces;
  /** Of these backups, by URL, those that are known. */
  knownAmong: (
    backups: readonly { url: string; id: string; jobId: string }[],
  ) => Promise<ReadonlySet<string>>;
  signal?: AbortSignal;
  /** For tests. */
  mostBackups?: number;
}

interface Listed {
  /** Directories below the place, in parts; those that hold a manifest. */
  manifests: string[];
  /** Those that hold the claim of a backup that was begun, and no manifest. */
  claims: string[];
  more: boolean;
}

/**
 * Looks for backups at a place and below it, and tells of each: of what is damaged, foreign or unfinished too. Where files can't
 * be listed, the place itself has to be a backup. Layers that a backup builds on and that lie elsewhere come along.
 * Nothing is written. Throws HoldfastError about the field `url` where the place can't be looked at.
 */
export async function* scan(place: Location, tools: ScanTools): AsyncGenerator<ScanEvent> {
  const listed: Listed = { manifests: [], claims: [], more: false };
  const counted = { files: 0, manifests: 0, read: 0 };
  for await (const files of list(place, listed, tools)) {
    counted.files = files;
    counted.manifests = listed.manifests.length;
    yield { type: 'progress', ...counted };
  }
  const seen = new Set<string>();
  const wanted = new Map<string, FoundBackup>();
  for (let at = 0; at < listed.manifests.length; at += MANIFESTS_A_STEP) {
    tools.signal?.throwIfAborted();
    const names = listed.manifests.slice(at, at + MANIFESTS_A_STEP);
    const read = await readAll(
      names.map((name) => directoryAt(place, name)),
      tools,
    );
    for (const backup of read.backups) {
      seen.add(backup.id);
      if (backup.chain.length > 0) wanted.set(backup.url, backup);
    }
    counted.read += names.length;
    yield { type: 'found', ...read };
    yield { type: 'progress', ...counted };
  }
  const unfinished = await pMap(listed.claims, (name) => claimAt(directoryAt(place, name), tools), {
    concurrency: READ_AT_ONCE,
  });
  yield { type: 'found', backups: [], unusable: unfinished.filter((each) => each !== null) };
  for (const backup of wanted.values()) {
    if (backup.chain.every(({ id }) => seen.has(id))) continue;
    tools.signal?.throwIfAborted();
    const elsewhere = await layersElsewhere(backup, place, seen, tools);
    for (const { id } of [...elsewhere.backups, ...backup.chain]) seen.add(id);
    yield { type: 'found', ...elsewhere };
  }
  yield { type: 'end', more: listed.more };
}

/** Fills in what is there; answers how many files it has seen, now and then. */
async function* list(place: Location, listed: Listed, tools: ScanTools): AsyncGenerator<number> {
  const most = tools.mostBackups ?? MOST_BACKUPS;
  const claims = new Set<string>();
  const store = tools.openStore(place);
  let files = 0;
  try {
    for await (const { name } of store.list('')) {
      const [, directory = '', base = ''] = /^(?:(.*)\/)?([^/]*)$/s.exec(name) ?? [];
      if (base === MANIFEST_NAME) listed.manifests.push(directory);
      else if (base === CHECKPOINT_NAME) claims.add(directory);
      files += 1;
      listed.more = listed.manifests.length >= most || claims.size >= most || files >= MOST_FILES;
      if (listed.more) break;
      if (files % FILES_A_STEP === 0) {
        tools.signal?.throwIfAborted();
        yield files;
      }
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.code !== 'no-listing') throw storeErrorToHoldfast(error, place, 'url');
    await assertBackup(place, tools);
    listed.manifests.push('');
  } finally {
    await store.close();
  }
  for (const directory of listed.manifests) claims.delete(directory);
  listed.claims = [...claims];
  yield files;
}

/** Throws where a place whose files can't be listed holds no backup itself. */
async function assertBackup(place: Location, { openStore }: ScanTools): Promise<void> {
  if (place.path !== '') {
    try {
      await readManifestAt(place, openStore);
      return;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      // What is wrong with a manifest that is there is told of it.
      if (error.code === 'corrupt-backup' || error.code === 'unsupported') return;
      if (error.code !== 'undefined-backup') throw error.about('url');
    }
  }
  throw new HoldfastError(
    'unsupported',
    `${place.redacted} is no backup itself, and its server does not list files`,
    {
      field: 'url',
      hint: 'Give the URL of the newest backup of a chain: what it builds on comes along. Only a WebDAV server tells what is below.',
    },
  );
}

/** The directory of that name below the place; why there can be none, else. */
function directoryAt(place: Location, name: string): Location | Unusable {
  if (name === '') return place;
  const parts = name.split('/');
  const problem = parts.map(partProblem).find((each) => each !== null);
  if (problem === undefined) return below(place, parts);
  return {
    url: `${redactUrl(place.redacted)} … ${JSON.stringify(name)}`,
    why: 'unreadable',
    problem: problemOf(
      new HoldfastError('location-invalid', `no backup URL can name this directory: ${problem}`, {
        hint: 'Rename or copy it to a path of plain names.',
      }),
    ),
  };
}

async function readAll(
  directories: readonly (Location | Unusable)[],
  tools: ScanTools,
): Promise<{ backups: FoundBackup[]; unusable: Unusable[] }> {
  const unusable: Unusable[] = [];
  const read = await pMap(
    directories,
    async (directory) => {
      if ('why' in directory) return directory;
      try {
        const manifest = await readManifestAt(directory, tools.openStore);
        return { ...foundOf(manifest, directory.redacted), jobId: manifest.jobId };
      } catch (error) {
        return unusableAt(directory, error);
      }
    },
    { concurrency: READ_AT_ONCE },
  );
  const found = read.flatMap((each) => {
    if (!('why' in each)) return [each];
    unusable.push(each);
    return [];
  });
  const known = await tools.knownAmong(found);
  const backups = found.map(({ jobId: _, ...backup }) => ({ ...backup, known: known.has(backup.url) }));
  return { backups, unusable };
}

function unusableAt(location: Location, error: unknown): Unusable {
  if (!(error instanceof HoldfastError) || error.code === 'internal') throw error;
  const why =
    error instanceof ForeignManifest ? 'foreign' : error.code === 'corrupt-backup' ? 'damaged' : 'unreadable';
  return { url: location.redacted, why, problem: problemOf(error) };
}

/** Null for a checkpoint.json that is none of ours. */
async function claimAt(directory: Location | Unusable, { openStore }: ScanTools): Promise<Unusable | null> {
  if ('why' in directory) return directory;
  const store = openStore(directory);
  try {
    const checkpoint = await readCheckpoint(store);
    if (checkpoint === null) return null;
    const problem = new HoldfastError(
      'undefined-backup',
      `a backup was started here at ${checkpoint.startedAt} and has not been finished`,
      {
        hint: 'If its job is gone, nothing can be restored from it: its files can be deleted.',
      },
    );
    return { url: directory.redacted, why: 'unfinished', problem: problemOf(problem) };
  } catch (error) {
    return unusableAt(directory, storeErrorToHoldfast(error, directory, 'url'));
  } finally {
    await store.close();
  }
}

/** The layers of a backup that have not been seen yet: they lie somewhere else. Those that are nowhere are left out. */
async function layersElsewhere(
  backup: FoundBackup,
  place: Location,
  seen: ReadonlySet<string>,
  tools: ScanTools,
): Promise<{ backups: FoundBackup[]; unusable: Unusable[] }> {
  const open = (location: Location): Store => tools.openStore(lent(location, place));
  try {
    const layers = await recordedLayers(backup.url, open, tools.known);
    const others = layers.filter(({ id, problem }) => problem === null && !seen.has(id));
    return await readAll(
      others.map(({ url }) => lent(parseLocation(url, 'url'), place)),
      tools,
    );
  } catch (error) {
    // It has gone since it was read.
    if (error instanceof HoldfastError && error.code !== 'internal') return { backups: [], unusable: [] };
    throw error;
  }
}
