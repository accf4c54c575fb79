import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TableDescriptor } from '../cluster/descriptor.ts';
import type { ObjectName } from '../cluster/names.ts';
import { parseLocation, type Location } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import type { Store } from '../storage/store.ts';
import { totalsOf, type DataFile, type UnsignedManifest } from './manifest.ts';

/** For the tests of this room: a real location on a real disk. */
export interface Place {
  store: Store;
  location: Location;
  /** Path of a file of the backup, to do damage with. */
  path: (name: string) => string;
  /** Everything there, directories too, sorted. */
  tree: () => Promise<string[]>;
  cleanup: () => Promise<void>;
}

export async function makePlace(): Promise<Place> {
  const externDir = await mkdtemp(join(tmpdir(), 'holdfast-format-'));
  const location = parseLocation('nodelocal://1/nightly/bank');
  return {
    store: openStore(location, { externDir }),
    location,
    path: (name) => join(externDir, location.path, name),
    tree: async () => (await readdir(externDir, { recursive: true })).sort(),
    cleanup: () => rm(externDir, { recursive: true, force: true }),
  };
}

export const accounts: ObjectName = { database: 'bank', schema: 'public', name: 'accounts' };

export function tableDescriptor(name: ObjectName): TableDescriptor {
  return {
    kind: 'table',
    name,
    dependencies: [
      { on: { ...name, name: 'customers' }, kind: 'foreign-key', via: 'accounts_customer_fkey' },
    ],
    ddl: [{ phase: 'create', sql: `CREATE TABLE ${name.name} (id bigint, note text)`, requires: [] }],
    comment: 'Köln 日本 "quoted"',
    columns: [
      { name: 'id', type: 'bigint', nullable: false, generated: false },
      { name: 'note', type: 'text', nullable: true, generated: false },
    ],
    primaryKey: ['id'],
    rowKey: ['id'],
    storage: null,
  };
}

export function fileEntry(index: number, entry: Partial<DataFile> = {}): DataFile {
  return {
    name: `data/bank.public.accounts/${index}.copy.zst`,
    table: accounts,
    kind: 'rows',
    rows: 10,
    bytes: 100,
    rawBytes: 1000,
    sha256: 'a'.repeat(64),
    ranges: [{ index, start: `${index}`, end: null }],
    ...entry,
  };
}

export function unsignedManifest(other: Partial<UnsignedManifest> = {}): UnsignedManifest {
  const files = other.files ?? [fileEntry(0), fileEntry(1)];
  return {
    formatVersion: 1,
    holdfastVersion: '0.1.0',
    id: randomUUID(),
    type: 'full',
    chain: [],
    cluster: { name: 'default', kind: 'postgres', version: '18.1', identity: '7412345678901234567' },
    moment: {
      kind: 'snapshot',
      at: '2026-11-22T12:00:00.000Z',
      databases: {
        bank: {
          at: '2026-11-22T12:00:00.000Z',
          snapshot: '00000003-0000001B-1',
          visible: '10:20:',
          lsn: '0/16B3748',
        },
      },
    },
    startedAt: '2026-11-22T12:00:00.000Z',
    finishedAt: '2026-11-22T12:00:05.000Z',
    jobId: '1229718866879676417',
    statement: "BACKUP DATABASE bank TO 'nodelocal://1/nightly/bank'",
    targets: { databases: ['bank'], objects: [] },
    descriptors: [tableDescriptor(accounts)],
    files,
    changes: [],
    users: [{ name: 'app', passwordHash: 'SCRAM-SHA-256$4096:x$y:z', attributes: ['LOGIN'], memberOf: [] }],
    leftOut: [{ object: accounts, what: ['2 triggers'] }],
    totals: totalsOf(files),
    ...other,
  };
}

/** `count` rows of COPY text, `id`, tab, a note with an escaped newline. */
export function copyText(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index}\tline one\\nline two ${index * 7919}\n`).join(
    '',
  );
}

/** The text as a stream of chunks that break rows anywhere. */
export function copyStream(text: string, chunk = 1000): Readable {
  const bytes = Buffer.from(text);
  return Readable.from(
    (function* () {
      for (let offset = 0; offset < bytes.length; offset += chunk)
        yield bytes.subarray(offset, offset + chunk);
    })(),
    { objectMode: false },
  );
}
