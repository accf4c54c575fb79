import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printDocument } from './documents.ts';
import { canonicalJson, digestOf } from './integrity.ts';

describe('a document', () => {
  it('is the JSON of its value, whatever that is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (document) => {
        expect(JSON.parse(printDocument(document).toString())).toEqual(JSON.parse(JSON.stringify(document)));
      }),
    );
  });

  it('leaves out what is undefined, and has a line for what has nothing nested in it', () => {
    const document = {
      name: 'ä',
      gone: undefined,
      none: [],
      table: { database: 'bank', schema: undefined, name: 'orders' },
      ranges: [
        { index: 0, start: null },
        { index: 1, start: '5' },
      ],
    };
    expect(printDocument(document).toString()).toBe(
      [
        '{',
        '  "name": "ä",',
        '  "none": [],',
        '  "table": {"database":"bank","name":"orders"},',
        '  "ranges": [',
        '    {"index":0,"start":null},',
        '    {"index":1,"start":"5"}',
        '  ]',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('has the digest of its canonical text, however long that is', () => {
    const long = { b: Array.from({ length: 20_000 }, (_, n) => ({ z: n, a: `ä${n}` })), a: 1 };
    expect(canonicalJson(long).length).toBeGreaterThan(300_000);
    expect(digestOf({ ...long, digest: 'x' })).toBe(
      createHash('sha256').update(canonicalJson(long)).digest('hex'),
    );
  });
});
