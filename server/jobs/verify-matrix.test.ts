import { createHash } from 'node:crypto';
import { appendFile, cp, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MANIFEST_NAME } from '../format/manifest.ts';
import type { DataFile } from '../format/manifest.ts';
import { ProofStore } from '../metadata/proofs.ts';
import { VERIFY_DEPTHS, type VerifyDepth } from '../statement/ast.ts';
import { BackupDirectory } from '../testing/damage.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

// Every kind of damage, at every depth of VERIFY, and RESTORE: what is found, what can't be seen from there, and that nothing
// damaged is ever restored.

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const LAYERS = ['full', 'first', 'second'] as const;
type Chain = Record<(typeof LAYERS)[number], BackupDirectory>;

let rig: Rig;
let proofs: ProofStore;
/** Sound backups of the same database that are not of the chain. */
let stray: Record<'full' | 'incremental', BackupDirectory>;

const CHANGES = (n: number) => `
  UPDATE items SET name = name || '${n}' WHERE id % 7 = ${n};
  DELETE FROM items WHERE id % 11 = ${n};
  INSERT INTO orders SELECT ${n} * 100000 + g, g, 'new' FROM generate_series(1, 50) g;
  DELETE FROM orders WHERE id % 13 = ${n};`;

beforeAll(async () => {
  rig = await startRig();
  proofs = new ProofStore(rig.metadata);
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  await rig.server.exec(
    'shop',
    `CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2), at timestamptz, doc jsonb);
     INSERT INTO items SELECT g, md5(g::text), g / 7.0, '2026-01-01'::timestamptz + g * interval '1 hour', '{"a": [1, "x"]}'
       FROM generate_series(1, 2000) g;
     CREATE TABLE orders (id int PRIMARY KEY, item int, note text);
     INSERT INTO orders SELECT g, g, 'note ' || g FROM generate_series(1, 500) g;
     CREATE TABLE twin_a (id int PRIMARY KEY); INSERT INTO twin_a VALUES (111);
     CREATE TABLE twin_b (id int PRIMARY KEY); INSERT INTO twin_b VALUES (222)`,
  );
  await (await rig.services.clusters.connect('default')).meet('slot', 'shop');
  await rig.startEngine({ tasks: 4 });
  const url = (name: string) => `nodelocal://self/origin/${name}`;
  const backup = (name: string, bases: string[] = []) =>
    rig.run(
      `BACKUP DATABASE shop TO '${url(name)}'${bases.length === 0 ? '' : ` INCREMENTAL FROM ${bases.map((base) => `'${url(base)}'`).join(', ')}`}`,
    );
  await backup('full');
  await rig.server.exec('shop', CHANGES(1));
  await backup('first', ['full']);
  await rig.server.exec('shop', CHANGES(2));
  await backup('second', ['full', 'first']);
  await backup('stray');
  await rig.server.exec('shop', CHANGES(3));
  await backup('stray-inc', ['stray']);
  stray = { full: origin('stray'), incremental: origin('stray-inc') };
}, 120_000);

afterAll(() => rig.stop(), 60_000);

function origin(name: string): BackupDirectory {
  return new BackupDirectory(path.join(rig.externDir, 'origin', name));
}

let copies = 0;

/** A copy of the chain of its own, and its URLs. */
async function newChain(): Promise<{ chain: Chain; urls: string[] }> {
  const name = `copy-${++copies}`;
  const directory = path.join(rig.externDir, name);
  for (const layer of LAYERS)
    await cp(origin(layer).directory, path.join(directory, layer), { recursive: true });
  const at = (layer: string) => new BackupDirectory(path.join(directory, layer));
  return {
    chain: { full: at('full'), first: at('first'), second: at('second') },
    urls: LAYERS.map((layer) => `nodelocal://self/${name}/${layer}`),
  };
}

const list = (urls: readonly string[]) => urls.map((url) => `'${url}'`).join(', ');

/** What a VERIFY of the chain finds; the error is what psql is told. */
async function verify(
  urls: readonly string[],
  depth: VerifyDepth,
): Promise<{ findings: readonly object[]; error: Error | null }> {
  const started = await rig.run(`VERIFY BACKUP ${list(urls)} WITH depth = '${depth}', detached`);
  const id = started.rows[0]?.[0] ?? '';
  const job = await rig.services.jobs.ended(id, AbortSignal.timeout(60_000));
  const proof = await proofs.ofJob(id);
  expect(proof?.outcome).toBe(job.state === 'succeeded' ? 'sound' : 'damaged');
  expect(proof?.figures.findings).toBe(proof?.findings.length);
  if (job.state === 'succeeded') return { findings: proof?.findings ?? [], error: null };
  expect(job).toMatchObject({ state: 'failed', error: { code: 'corrupt-backup' } });
  const told = (await rig.events(id)).filter((event) => event.type === 'log' && event.level === 'warning');
  expect(told.length).toBeGreaterThanOrEqual(proof?.findings.length ?? 1);
  return { findings: proof?.findings ?? [], error: new Error(job.error?.message) };
}

/** A file of rows in place of another one, with a manifest that was signed anew for it: only its rows tell. */
async function rewrite(
  layer: BackupDirectory,
  file: DataFile,
  change: (text: string) => string,
): Promise<void> {
  const text = (await decompress(await readFile(layer.at(file.name)))).toString('utf8');
  const raw = Buffer.from(change(text));
  const bytes = await compress(raw);
  await writeFile(layer.at(file.name), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await layer.signAnew(file, { bytes: bytes.length, rawBytes: raw.length, sha256 });
}

type Found = Readonly<Record<string, unknown>>;
/** What a depth finds, in order; `unseen`: it can't see it. After `MORE`, there is more of the same. */
const MORE = 'more';
type Sight = 'unseen' | (Found | typeof MORE)[];

interface Damage {
  what: string;
  do: (chain: Chain) => Promise<void>;
  /** What each depth finds; where one is left out, the same as the one before it. */
  finds: { files: Sight; checksums?: Sight; rows?: Sight };
  /** The code that RESTORE is refused with, or fails with. */
  restore?: string;
}

/** Something with these members, among others. */
const like = (found: Found): unknown => expect.objectContaining(found);
const rowsOf = (table: string): unknown =>
  expect.stringMatching(new RegExp(`^data/shop\\.public\\.${table}/`));
const words = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const MATRIX: Damage[] = [
  {
    what: 'one bit flipped in a data file of the full backup',
    do: async ({ full }) => full.flip(await full.file('items')),
    finds: { files: 'unseen', checksums: [{ kind: 'checksum', layer: 0, file: rowsOf('items') }] },
  },
  {
    what: 'one bit flipped in a data file of an incremental backup',
    do: async ({ second }) => second.flip(await second.file('items')),
    finds: { files: 'unseen', checksums: [{ kind: 'checksum', layer: 2, file: rowsOf('items') }] },
  },
  {
    what: 'one bit flipped in a file of deleted keys',
    do: async ({ first }) => first.flip(await first.file('orders', 'deleted')),
    finds: {
      files: 'unseen',
      checksums: [{ kind: 'checksum', layer: 1, file: words(/orders.*deleted/) }],
    },
  },
  {
    what: 'a file missing',
    do: async ({ full }) => full.remove((await full.file('orders')).name),
    finds: { files: [{ kind: 'missing', layer: 0, file: rowsOf('orders') }] },
  },
  {
    what: 'a file of deleted keys missing',
    do: async ({ second }) => second.remove((await second.file('items', 'deleted')).name),
    finds: { files: [{ kind: 'missing', layer: 2, file: rowsOf('items') }] },
  },
  {
    what: 'a file truncated by a byte',
    do: async ({ full }) => {
      const { name, bytes } = await full.file('items');
      await truncate(full.at(name), bytes - 1);
    },
    finds: { files: [{ kind: 'size', layer: 0, file: rowsOf('items') }] },
  },
  {
    what: 'a file truncated to nothing',
    do: async ({ full }) => truncate(full.at((await full.file('items')).name), 0),
    finds: { files: [{ kind: 'size', layer: 0, file: rowsOf('items'), found: 0 }] },
  },
  {
    what: 'a file grown by a byte',
    do: async ({ full }) => appendFile(full.at((await full.file('items')).name), Buffer.from([0])),
    finds: { files: [{ kind: 'size', layer: 0, file: rowsOf('items') }] },
  },
  {
    what: 'two files swapped',
    do: async ({ full }) => full.swap(await full.file('items'), await full.file('orders')),
    finds: {
      files: [
        { kind: 'size', layer: 0, file: rowsOf('items') },
        { kind: 'size', layer: 0, file: rowsOf('orders') },
      ],
      checksums: [
        { kind: 'swapped', layer: 0, file: rowsOf('items'), holds: rowsOf('orders') },
        { kind: 'swapped', layer: 0, file: rowsOf('orders'), holds: rowsOf('items') },
      ],
    },
  },
  {
    what: 'two files of the same size swapped',
    do: async ({ full }) => full.swap(await full.file('twin_a'), await full.file('twin_b')),
    finds: {
      files: 'unseen',
      checksums: [
        { kind: 'swapped', layer: 0, file: rowsOf('twin_a'), holds: rowsOf('twin_b') },
        { kind: 'swapped', layer: 0, file: rowsOf('twin_b'), holds: rowsOf('twin_a') },
      ],
    },
  },
  {
    what: 'a file in the place of that of another layer',
    do: async ({ full, second }) =>
      cp(full.at((await full.file('items')).name), second.at((await second.file('items')).name)),
    finds: {
      files: [{ kind: 'size', layer: 2, file: rowsOf('items') }],
      checksums: [
        { kind: 'swapped', layer: 2, file: rowsOf('items'), holds: words(/ of nodelocal:.*\/full$/) },
      ],
    },
  },
  {
    what: 'a file replaced by another one that is sound in itself',
    do: async ({ full }) =>
      writeFile(full.at((await full.file('orders')).name), await compress(Buffer.from('1\t1\ta\n'))),
    finds: { files: [{ kind: 'size', layer: 0, file: rowsOf('orders') }] },
  },
  {
    what: 'a number of rows edited in the manifest',
    do: ({ full }) => full.edit((text) => text.replace('"rows": 2000', '"rows": 2001')),
    finds: { files: [{ kind: 'manifest', layer: 0, reason: words(/changed since it was written/) }] },
  },
  {
    what: 'a checksum edited in the manifest',
    do: async ({ first }) => {
      const { sha256 } = await first.file('items');
      await first.edit((text) =>
        text.replace(
          sha256,
          sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
        ),
      );
    },
    finds: { files: [{ kind: 'manifest', layer: 1 }] },
  },
  {
    what: 'a name edited in the manifest',
    do: ({ second }) => second.edit((text) => text.replace('"items"', '"itens"')),
    finds: { files: [{ kind: 'manifest', layer: 2 }] },
  },
  {
    what: 'a manifest truncated',
    do: async ({ first }) => truncate(first.at(MANIFEST_NAME), 1000),
    finds: { files: [{ kind: 'manifest', layer: 1, reason: words(/not JSON/) }] },
  },
  {
    what: 'a manifest missing',
    do: ({ full }) => full.remove(MANIFEST_NAME),
    finds: { files: [{ kind: 'manifest', layer: 0, reason: words(/has no manifest\.json/) }] },
    restore: 'undefined-backup',
  },
  {
    what: 'the newest manifest missing',
    do: ({ second }) => second.remove(MANIFEST_NAME),
    finds: { files: [{ kind: 'manifest', layer: 2 }] },
    restore: 'undefined-backup',
  },
  {
    what: 'a layer of the chain missing',
    do: ({ first }) => first.remove(),
    finds: { files: [{ kind: 'manifest', layer: 1 }] },
    restore: 'undefined-backup',
  },
  {
    what: 'the full backup replaced by another one',
    do: ({ full }) => full.replaceBy(stray.full),
    finds: { files: [{ kind: 'wrong-backup', layer: 0, reason: words(/instead of/) }] },
    restore: 'invalid-value',
  },
  {
    what: 'a layer replaced by one of another chain',
    do: ({ first }) => first.replaceBy(stray.incremental),
    finds: { files: [{ kind: 'wrong-backup', layer: 1, reason: words(/instead of/) }] },
    restore: 'invalid-value',
  },
  {
    what: 'the newest layer replaced by a full backup',
    do: ({ second }) => second.replaceBy(stray.full),
    finds: { files: [{ kind: 'wrong-backup', layer: 2, reason: words(/not built on/) }] },
    restore: 'invalid-value',
  },
  {
    what: 'data files removed and a manifest edited at once',
    do: async ({ full, first, second }) => {
      await full.remove((await full.file('items')).name);
      await first.edit((text) => text.replace('"items"', '"itens"'));
      await second.flip(await second.file('orders'));
    },
    finds: {
      files: [
        { kind: 'manifest', layer: 1 },
        { kind: 'missing', layer: 0 },
      ],
      checksums: [
        { kind: 'manifest', layer: 1 },
        { kind: 'missing', layer: 0 },
        { kind: 'checksum', layer: 2 },
      ],
    },
  },
  // From here on, the manifest's digest was made to fit.
  {
    what: 'a manifest of another backup put in its place',
    do: ({ first }) => first.replaceManifestBy(stray.incremental),
    finds: {
      files: [{ kind: 'wrong-backup', layer: 1 }, { kind: 'size', layer: 1 }, MORE],
    },
    restore: 'invalid-value',
  },
  {
    what: 'a number of rows edited, and the manifest signed anew',
    do: async ({ full }) => full.signAnew(await full.file('items'), { rows: 2001 }),
    finds: {
      files: 'unseen',
      checksums: 'unseen',
      rows: [{ kind: 'count', of: 'rows', layer: 0, file: rowsOf('items'), expected: 2001, found: 2000 }],
    },
  },
  {
    what: 'a checksum edited, and the manifest signed anew',
    do: async ({ full }) => full.signAnew(await full.file('items'), { sha256: 'a'.repeat(64) }),
    finds: { files: 'unseen', checksums: [{ kind: 'checksum', layer: 0, expected: 'a'.repeat(64) }] },
  },
  {
    what: 'a name edited, and the manifest signed anew',
    do: async ({ full }) => full.signAnew(await full.file('items'), { name: 'data/elsewhere.copy.zst' }),
    finds: { files: [{ kind: 'missing', layer: 0, file: 'data/elsewhere.copy.zst' }] },
  },
  {
    what: 'a file that is no zstd, signed anew',
    do: async ({ full }) => {
      const file = await full.file('orders');
      const bytes = Buffer.from('nothing that was compressed');
      await writeFile(full.at(file.name), bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await full.signAnew(file, { bytes: bytes.length, sha256 });
    },
    finds: {
      files: 'unseen',
      checksums: 'unseen',
      rows: [{ kind: 'unreadable', layer: 0, file: rowsOf('orders') }],
    },
  },
  {
    what: 'a value of another type, signed anew',
    do: async ({ full }) =>
      rewrite(full, await full.file('orders'), (text) => text.replace(/^5\t5/m, '5\tfive')),
    finds: {
      files: 'unseen',
      checksums: 'unseen',
      rows: [
        { kind: 'row', layer: 0, file: rowsOf('orders'), line: 5, column: 'item', reason: words(/five/) },
      ],
    },
    restore: 'job-failed',
  },
  {
    what: 'a row that lacks a column, signed anew',
    do: async ({ full }) =>
      rewrite(full, await full.file('orders'), (text) => text.replace(/\tnote 7$/m, '')),
    finds: {
      files: 'unseen',
      checksums: 'unseen',
      rows: [{ kind: 'row', layer: 0, file: rowsOf('orders'), line: 7, column: null }],
    },
    restore: 'job-failed',
  },
  {
    what: 'a NULL where none may be, signed anew',
    do: async ({ full }) =>
      rewrite(full, await full.file('items'), (text) => text.replace(/^3\t\w+/m, '3\t\\N')),
    finds: {
      files: 'unseen',
      checksums: 'unseen',
      rows: [{ kind: 'row', layer: 0, file: rowsOf('items'), line: 3, column: 'name' }],
    },
    restore: 'job-failed',
  },
  {
    what: 'a deleted key of another type, signed anew',
    do: async ({ first }) =>
      rewrite(first, await first.file('orders', 'deleted'), (text) => text.replace(/^\d+/, 'x')),
    finds: {
      files: 'unseen',
      checksums: 'unseen',
      rows: [{ kind: 'row', layer: 1, file: rowsOf('orders'), line: 1, column: 'id' }],
    },
    restore: 'corrupt-backup',
  },
];

describe('a sound chain', () => {
  it.each(VERIFY_DEPTHS)('is sound at the depth of its %s', async (depth) => {
    const { urls } = await newChain();
    expect(await verify(urls, depth)).toEqual({ findings: [], error: null });
  });
});

describe.concurrent('a chain with', () => {
  it.each(MATRIX)(
    '$what: is found, and not restored',
    async ({ do: damage, finds, restore = 'corrupt-backup' }) => {
      const { chain, urls } = await newChain();
      await damage(chain);
      let sight: Sight = 'unseen';
      for (const depth of VERIFY_DEPTHS) {
        sight = finds[depth] ?? sight;
        const expected = sight === 'unseen' ? [] : sight.filter((one) => one !== MORE);
        const { findings, error } = await verify(urls, depth);
        const told = sight.includes(MORE) ? findings.slice(0, expected.length) : findings;
        expect({ depth, told }).toEqual({ depth, told: expected.map((one) => like(one)) });
        expect(error === null).toBe(expected.length === 0);
      }
      const into = `restored ${urls[0]?.split('/')[3]}`;
      await expect(
        rig.run(`RESTORE DATABASE shop FROM ${list(urls)} WITH into_db = '${into}'`),
      ).rejects.toMatchObject({ code: restore });
      expect(
        await rig.server.exec('postgres', `SELECT 1 FROM pg_database WHERE datname = '${into}'`),
      ).toEqual([]);
    },
    120_000,
  );
});
