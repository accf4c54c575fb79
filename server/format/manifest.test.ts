import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textBody } from '../storage/testing.ts';
import { accounts, fileEntry, makePlace, tableDescriptor, unsignedManifest, type Place } from './fixtures.ts';
import { canonicalJson, digestOf } from './integrity.ts';
import { readManifest, totalsOf, writeManifest, type Manifest, type UnsignedManifest } from './manifest.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(() => place.cleanup());

async function edit(change: (text: string) => string): Promise<void> {
  const path = place.path('manifest.json');
  await writeFile(path, change(await readFile(path, 'utf8')));
}

/** A JSON object. */
function parsed(text: string): object {
  return JSON.parse(text) as object;
}

/** Writes a document as the manifest, with a digest that holds. */
async function forge(document: object): Promise<void> {
  await place.store.remove('manifest.json');
  const signed = { ...document, digest: digestOf(document) };
  await place.store.put('manifest.json', textBody(JSON.stringify(signed)));
}

describe('a manifest', () => {
  it('is read as it was written', async () => {
    const unsigned = unsignedManifest();
    const written = await writeManifest(place.store, unsigned);
    expect(written).toEqual({ ...unsigned, digest: digestOf(unsigned) });
    expect(await readManifest(place.store, place.location)).toEqual(written);
    expect(Object.keys(parsed(await readFile(place.path('manifest.json'), 'utf8'))).at(-1)).toBe('digest');
  });

  it('carries an incremental backup with its chain, tombstones and odd names', async () => {
    const odd = { database: 'Köln', schema: 'a.b', name: '10' };
    const files = [
      fileEntry(0),
      fileEntry(0, { name: 'data/x/0.deleted.copy.zst', kind: 'deleted', rows: 3 }),
    ];
    const unsigned = unsignedManifest({
      type: 'incremental',
      chain: [
        { id: randomUUID(), url: 'nodelocal://1/full' },
        { id: randomUUID(), url: 'nodelocal://1/inc1' },
      ],
      moment: { kind: 'hlc', at: '2026-11-22T12:00:00Z', timestamp: '1795350817022653429.0000000000' },
      descriptors: [tableDescriptor(accounts), tableDescriptor(odd)],
      files,
      changes: [{ table: accounts, method: 'comparison', reason: 'Rangefeeds are off.' }],
      totals: totalsOf(files),
    });
    expect(unsigned.totals).toEqual({ rows: 10, bytes: 200, rawBytes: 2000 });
    await writeManifest(place.store, unsigned);
    expect(await readManifest(place.store, place.location)).toMatchObject(unsigned);
  });

  it('is read with many thousands of files', async () => {
    const files = Array.from({ length: 20_000 }, (_, index) => fileEntry(index));
    await writeManifest(place.store, unsignedManifest({ files }));
    expect((await readManifest(place.store, place.location)).files).toHaveLength(20_000);
  });

  it('is never overwritten', async () => {
    await writeManifest(place.store, unsignedManifest());
    await expect(writeManifest(place.store, unsignedManifest())).rejects.toMatchObject({ code: 'exists' });
  });

  it('may be formatted anew, but not changed', async () => {
    const written = await writeManifest(place.store, unsignedManifest());
    await edit((text) => JSON.stringify(Object.fromEntries(Object.entries(parsed(text)).reverse())));
    expect(await readManifest(place.store, place.location)).toEqual(written);
  });
});

describe('readManifest refuses', () => {
  const read = () => readManifest(place.store, place.location);

  it('an empty location', async () => {
    await expect(read()).rejects.toMatchObject({
      code: 'undefined-backup',
      message: 'there is no backup at nodelocal://1/nightly/bank: it has no manifest.json',
    });
  });

  it('a backup that has not finished', async () => {
    await place.store.put('checkpoint.json', textBody('{}'));
    await expect(read()).rejects.toMatchObject({
      code: 'undefined-backup',
      message: expect.stringContaining('a backup was started here and has not finished'),
    });
  });

  it.each(['', '{', 'null', '[]', '{}', '{"formatVersion": "1"}', '\ufeff{}', 'x'.repeat(5000)])(
    'what is no manifest: %j',
    async (text) => {
      await place.store.put('manifest.json', textBody(text));
      await expect(read()).rejects.toMatchObject({ code: 'corrupt-backup' });
    },
  );

  it('bytes that are not UTF-8', async () => {
    await writeManifest(place.store, unsignedManifest());
    const bytes = await readFile(place.path('manifest.json'));
    bytes.writeUInt8(0xff, bytes.indexOf('Köln') + 1);
    await writeFile(place.path('manifest.json'), bytes);
    await expect(read()).rejects.toMatchObject({
      code: 'corrupt-backup',
      message: expect.stringContaining('not JSON'),
    });
  });

  it('half a manifest', async () => {
    await writeManifest(place.store, unsignedManifest());
    await edit((text) => text.slice(0, text.length / 2));
    await expect(read()).rejects.toMatchObject({ code: 'corrupt-backup' });
  });

  it.each([
    ['a number', (text: string) => text.replace('"rows": 10', '"rows": 11')],
    ['a name', (text: string) => text.replace('accounts', 'account5')],
    ['the DDL', (text: string) => text.replace('bigint', 'int')],
    ['a checksum', (text: string) => text.replace('aaaa', 'aaab')],
    ['the moment', (text: string) => text.replace('0/16B3748', '0/16B3749')],
    ['a member more', (text: string) => text.replace('"type"', '"note": 1, "type"')],
    ['a member in a file more', (text: string) => text.replace('"kind": "rows"', '"kind": "rows", "x": 1')],
    ['the digest', (text: string) => text.replace(/"digest": "./, '"digest": "g')],
  ])('one with %s edited', async (_what, change) => {
    await writeManifest(place.store, unsignedManifest());
    const before = await readFile(place.path('manifest.json'), 'utf8');
    await edit(change);
    expect(await readFile(place.path('manifest.json'), 'utf8')).not.toBe(before);
    await expect(read()).rejects.toMatchObject({
      code: 'corrupt-backup',
      message: expect.stringContaining('has been changed since it was written'),
    });
  });

  it('a newer format, whatever else is in it', async () => {
    await forge({ formatVersion: 2, holdfastVersion: '9.0.0', files: 'elsewhere' });
    await expect(read()).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('format version 2, written by Holdfast "9.0.0"'),
      hint: expect.stringContaining('newer'),
    });
  });

  it.each<[string, Partial<Manifest> | { [key: string]: unknown }]>([
    ['a wrong id', { id: 'not-a-uuid' }],
    ['an unknown type', { type: 'differential' }],
    ['a negative count', { totals: { rows: -1, bytes: 200, rawBytes: 2000 } }],
    ['a member missing', { users: undefined }],
  ])('a well-signed one with %s', async (_what, changes) => {
    await forge({ ...unsignedManifest(), ...changes });
    await expect(read()).rejects.toMatchObject({ code: 'corrupt-backup' });
  });
});

describe('contradictions', () => {
  const other = { ...accounts, name: 'other' };
  const base = { id: '0b9c1c9e-6f0a-4f6e-9d5e-0d5f5b7f6c11', url: 'nodelocal://1/full' };
  it.each<[string, Partial<UnsignedManifest>, string]>([
    ['a file twice', { files: [fileEntry(0), fileEntry(1, { name: fileEntry(0).name })] }, 'is in it twice'],
    [
      'a range twice',
      { files: [fileEntry(0), fileEntry(0, { name: 'data/x' })] },
      'range 0 of bank.public.accounts',
    ],
    ['a file outside data/', { files: [fileEntry(0, { name: 'manifest.json' })] }, 'no name of a data file'],
    [
      'a file that climbs',
      { files: [fileEntry(0, { name: 'data/../../etc/passwd' })] },
      'no name of a data file',
    ],
    ['a table without descriptor', { files: [fileEntry(0, { table: other })] }, 'which has no descriptor'],
    ['deleted keys in a full backup', { files: [fileEntry(0, { kind: 'deleted' })] }, 'deleted keys'],
    [
      'totals that do not add up',
      { totals: { rows: 21, bytes: 200, rawBytes: 2000 } },
      'total of rows is 21',
    ],
    [
      'a table twice',
      { descriptors: [tableDescriptor(accounts), tableDescriptor(accounts)] },
      'is in it twice',
    ],
    [
      'changes in a full backup',
      { changes: [{ table: accounts, method: 'feed', reason: null }] },
      'the full backup has only changes',
    ],
    [
      'deleted keys of a table that is in it whole',
      { type: 'incremental', chain: [base], files: [fileEntry(0, { kind: 'deleted' })] },
      'has deleted keys, but the table bank.public.accounts is in it whole',
    ],
    [
      'changes of a table without a key',
      {
        type: 'incremental',
        chain: [base],
        descriptors: [{ ...tableDescriptor(accounts), rowKey: null }],
        changes: [{ table: accounts, method: 'feed', reason: null }],
      },
      'which has no key',
    ],
    ['a full backup with a base', { chain: [base] }, 'full backup with bases'],
    ['an incremental one without', { type: 'incremental' }, 'without a base'],
    ['a chain with itself', { type: 'incremental', id: base.id, chain: [base] }, 'in its chain twice'],
  ])('%s: neither written nor read', async (_what, changes, problem) => {
    const manifest = unsignedManifest(changes);
    await expect(writeManifest(place.store, manifest)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(problem),
    });
    expect(await place.tree()).toEqual([]);
    await forge(manifest);
    await expect(readManifest(place.store, place.location)).rejects.toMatchObject({
      code: 'corrupt-backup',
      message: expect.stringContaining(problem),
    });
  });
});

describe('canonicalJson', () => {
  it('is the text of RFC 8785', () => {
    // The example of section 3.2.3, and keys that JavaScript itself would put into another order.
    const sorted = {
      '\u20ac': 'Euro Sign',
      '\r': 'CR',
      '\ufb33': 'Hebrew',
      '1': 'One',
      '\ud83d\ude00': 'Emoji',
      '\u0080': 'Control',
      '\u00f6': 'o',
    };
    expect(canonicalJson(sorted)).toBe(
      '{"\\r":"CR","1":"One","\u0080":"Control","\u00f6":"o","\u20ac":"Euro Sign","\ud83d\ude00":"Emoji","\ufb33":"Hebrew"}',
    );
    expect(canonicalJson({ b: [1, { d: null, c: true }], a: '"\\\u000f', '10': 1, '9': 1e21 })).toBe(
      '{"10":1,"9":1e+21,"a":"\\"\\\\\\u000f","b":[1,{"c":true,"d":null}]}',
    );
  });
});
