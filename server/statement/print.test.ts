import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyStatement } from './generators.ts';
import { parseStatements } from './parse.ts';
import { printStatement } from './print.ts';

describe('printStatement', () => {
  it('is read back as the same statement', () => {
    fc.assert(
      fc.property(anyStatement, (statement) => {
        expect(parseStatements(printStatement(statement))).toEqual([statement]);
      }),
      { numRuns: 2000 },
    );
  });

  it('joins with semicolons, white space and comments without changing any statement', () => {
    const gap = fc.constantFrom('', ' ', '\n', ' -- a note; with a quote\'"\n', "/* one /* two */ ' */", ';');
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, anyStatement), { maxLength: 5 }), gap, (parts, last) => {
        const text = parts.map(([before, statement]) => `${before}${printStatement(statement)};`).join('');
        expect(parseStatements(text + last)).toEqual(parts.map(([, statement]) => statement));
      }),
      { numRuns: 300 },
    );
  });

  // As CockroachDB 21.1 wrote them into its jobs.
  it.each([
    "BACKUP TABLE shop.public.top TO 'nodelocal://1/top-only'",
    "BACKUP TABLE bank.public.bank, movr.public.users TO 'nodelocal://1/two'",
    "BACKUP DATABASE shop TO 'nodelocal://1/b/shop-full' AS OF SYSTEM TIME '-1s'",
    "VERIFY BACKUP 'nodelocal://1/full', 'nodelocal://1/inc' WITH depth = 'rows', detached",
    "RESTORE TABLE shop.public.top FROM 'nodelocal://1/top-only' WITH into_db = 'r2', skip_missing_views",
  ])('prints as it is: %s', (sql) => {
    expect(parseStatements(sql).map((statement) => printStatement(statement))).toEqual([sql]);
  });

  it('redacts every URL, and nothing else', () => {
    const redact = (url: string) => url.replace(/KEY=[^&]*/, 'KEY=redacted');
    const print = (sql: string) =>
      parseStatements(sql).map((statement) => printStatement(statement, { redact }));
    expect(print("BACKUP a.b TO 's3://x?KEY=1' INCREMENTAL FROM 's3://y?KEY=2', 's3://z?KEY=3'")).toEqual([
      "BACKUP TABLE a.b TO 's3://x?KEY=redacted' INCREMENTAL FROM 's3://y?KEY=redacted', 's3://z?KEY=redacted'",
    ]);
    expect(print("RESTORE DATABASE a FROM 's3://x?KEY=1', 's3://y?KEY=2' WITH into_db = 'KEY=4'")).toEqual([
      "RESTORE DATABASE a FROM 's3://x?KEY=redacted', 's3://y?KEY=redacted' WITH into_db = 'KEY=4'",
    ]);
    expect(print("VERIFY BACKUP 's3://x?KEY=1', 's3://y?KEY=2'")).toEqual([
      "VERIFY BACKUP 's3://x?KEY=redacted', 's3://y?KEY=redacted' WITH depth = 'checksums'",
    ]);
    expect(print("SHOW BACKUP SCHEMAS 's3://x?KEY=1'")).toEqual([
      "SHOW BACKUP SCHEMAS 's3://x?KEY=redacted'",
    ]);
  });
});
