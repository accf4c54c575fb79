import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { OTHER_SQL_HINT, parseStatements } from './parse.ts';
import { printStatement } from './print.ts';

/** What was thrown, for comparing; fails when nothing was. */
function refusal(sql: string): HoldfastError {
  try {
    parseStatements(sql);
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error(`taken, though it should be refused: ${sql}`);
}

describe('statements that are taken', () => {
  // Left: as written. Right: as printed, which says what was understood.
  const good: [string, string][] = [
    ["BACKUP a.b TO 'u'", "BACKUP TABLE a.b TO 'u'"],
    ["backup table A.B.C to 'U';", "BACKUP TABLE a.b.c TO 'U'"],
    ['BACKUP "A"."B""c" TO \'u\'', 'BACKUP TABLE "A"."B""c" TO \'u\''],
    ["BACKUP a.* TO 'u'", "BACKUP TABLE a.* TO 'u'"],
    ["BACKUP a.b.*, c.d TO 'u'", "BACKUP TABLE a.b.*, c.d TO 'u'"],
    ["BACKUP system.users TO 'u'", "BACKUP TABLE system.users TO 'u'"],
    ["BACKUP time.job.options TO 'u'", "BACKUP TABLE time.job.options TO 'u'"],
    ["BACKUP a.table, a.to, a.user TO 'u'", 'BACKUP TABLE a."table", a."to", a."user" TO \'u\''],
    ["BACKUP Straße.Ärger TO 'u'", 'BACKUP TABLE "straße"."Ärger" TO \'u\''],
    ["BACKUP 銀行.口座 TO 'u'", 'BACKUP TABLE "銀行"."口座" TO \'u\''],
    ["BACKUP\u00a0a.b\u00a0TO\u00a0'u'", "BACKUP TABLE a.b TO 'u'"],
    ['BACKUP DATABASE a, "B" TO \'u\'', 'BACKUP DATABASE a, "B" TO \'u\''],
    ["BACKUP DATABASE jobs TO 'u'", "BACKUP DATABASE jobs TO 'u'"],
    ["BACKUP a.b TO 'it''s'", "BACKUP TABLE a.b TO 'it''s'"],
    ["BACKUP a.b TO 'C:\\new'", "BACKUP TABLE a.b TO 'C:\\new'"],
    ["BACKUP a.b TO E'it\\'s''\\u00e9\\x41\\101\\\\'", "BACKUP TABLE a.b TO 'it''s''éAA\\'"],
    ["BACKUP a.b TO e'\\U0001F600\\uD83D\\uDE00'", "BACKUP TABLE a.b TO '😀😀'"],
    ["BACKUP a.b TO 'u' AS OF SYSTEM TIME '-10s'", "BACKUP TABLE a.b TO 'u' AS OF SYSTEM TIME '-10s'"],
    ["BACKUP a.b TO 'u' AS OF SYSTEM TIME -10", "BACKUP TABLE a.b TO 'u' AS OF SYSTEM TIME '-10'"],
    [
      "BACKUP a.b TO 'u' AS OF SYSTEM TIME 1795350817022653429.0000000001",
      "BACKUP TABLE a.b TO 'u' AS OF SYSTEM TIME '1795350817022653429.0000000001'",
    ],
    [
      "BACKUP a.b TO 'u' AS OF SYSTEM TIME '2017-06-09 16:13:55.571516+00:00' INCREMENTAL FROM 'f', 'i'",
      "BACKUP TABLE a.b TO 'u' AS OF SYSTEM TIME '2017-06-09 16:13:55.571516+00:00' INCREMENTAL FROM 'f', 'i'",
    ],
    [
      "BACKUP DATABASE bank TO 'u' INCREMENTAL FROM 'f' , 'i' AS OF SYSTEM TIME '2017-06-09'",
      "BACKUP DATABASE bank TO 'u' AS OF SYSTEM TIME '2017-06-09' INCREMENTAL FROM 'f', 'i'",
    ],
    ["BACKUP a.b TO 'u' WITH DETACHED", "BACKUP TABLE a.b TO 'u' WITH detached"],
    ["BACKUP a.b TO 'u' WITH OPTIONS (detached)", "BACKUP TABLE a.b TO 'u' WITH detached"],
    ["RESTORE a.b FROM 'u'", "RESTORE TABLE a.b FROM 'u'"],
    ["RESTORE TABLE a.b FROM 'u', 'v' , 'w'", "RESTORE TABLE a.b FROM 'u', 'v', 'w'"],
    ["RESTORE DATABASE a FROM 'u'", "RESTORE DATABASE a FROM 'u'"],
    ["RESTORE a.* FROM 'u' AS OF SYSTEM TIME 't'", "RESTORE TABLE a.* FROM 'u' AS OF SYSTEM TIME 't'"],
    ["RESTORE a.b FROM 'u' WITH into_db = 'X'", "RESTORE TABLE a.b FROM 'u' WITH into_db = 'X'"],
    ["RESTORE a.b FROM 'u' WITH into_db=Newdb", "RESTORE TABLE a.b FROM 'u' WITH into_db = 'newdb'"],
    ['RESTORE a.b FROM \'u\' WITH into_db="New"', "RESTORE TABLE a.b FROM 'u' WITH into_db = 'New'"],
    [
      "RESTORE a.b FROM 'u' WITH OPTIONS (detached, skip_missing_views, create_db, into_db='x')",
      "RESTORE TABLE a.b FROM 'u' WITH into_db = 'x', create_db, skip_missing_views, detached",
    ],
    [
      "RESTORE a.b FROM 'u' WITH skip_missing_sequences, skip_missing_foreign_keys",
      "RESTORE TABLE a.b FROM 'u' WITH skip_missing_foreign_keys, skip_missing_sequences",
    ],
    ["VERIFY BACKUP 'u'", "VERIFY BACKUP 'u' WITH depth = 'checksums'"],
    ["verify backup 'u' , 'v' with DEPTH = rows", "VERIFY BACKUP 'u', 'v' WITH depth = 'rows'"],
    [
      "VERIFY BACKUP 'u' WITH OPTIONS (detached, depth = 'files')",
      "VERIFY BACKUP 'u' WITH depth = 'files', detached",
    ],
    ["DRILL BACKUP 'u'", "DRILL BACKUP 'u'"],
    ["drill backup 'u','v' with detached;", "DRILL BACKUP 'u', 'v' WITH detached"],
    ['show jobs', 'SHOW JOBS'],
    ['SHOW JOBS WHEN COMPLETE', 'SHOW JOBS WHEN COMPLETE'],
    ['SHOW JOB 1229718866879676417', 'SHOW JOB 1229718866879676417'],
    ['SHOW JOB WHEN COMPLETE 007', 'SHOW JOB WHEN COMPLETE 7'],
    ['SHOW JOBS WHEN COMPLETE (1, 2)', 'SHOW JOBS WHEN COMPLETE (1, 2)'],
    ["SHOW BACKUP 'u'", "SHOW BACKUP 'u'"],
    ["SHOW BACKUP SCHEMAS 'u'", "SHOW BACKUP SCHEMAS 'u'"],
    ['PAUSE JOB 1', 'PAUSE JOB 1'],
    ['RESUME JOBS (1,2)', 'RESUME JOBS (1, 2)'],
    ['CANCEL JOBS (3)', 'CANCEL JOB 3'],
    ['/* why */ CANCEL -- this one\n JOB /* 1 /* nested */ 2 */ 3', 'CANCEL JOB 3'],
  ];
  it.each(good)('%s', (sql, printed) => {
    expect(parseStatements(sql).map((statement) => printStatement(statement))).toEqual([printed]);
  });

  it.each(['', ' \n\t', ';', ' ; ;; ', '-- nothing', '/* nothing */', '/* a */;--b'])(
    'nothing: %j',
    (sql) => {
      expect(parseStatements(sql)).toEqual([]);
    },
  );

  it('several in one text, in order', () => {
    const kinds = parseStatements(";SHOW JOBS;; BACKUP a.b TO ';' ; CANCEL JOB 1;").map(
      (statement) => statement.kind,
    );
    expect(kinds).toEqual(['show-jobs', 'backup', 'control-jobs']);
  });
});

describe('statements that are refused', () => {
  const near = (token: string) => `at or near "${token}": syntax error`;
  const bad: [string, ErrorCode, number, string][] = [
    // Other SQL.
    ['SELECT * FROM accounts', 'syntax', 1, near('select')],
    ['SHOW TABLES', 'syntax', 6, near('tables')],
    ['SHOW', 'syntax', 5, near('EOF')],
    ['SHOW JOBS; DROP TABLE a', 'syntax', 12, near('drop')],
    ['$1', 'syntax', 1, near('$')],
    // The selection.
    ["BACKUP TABLE TO 'u'", 'syntax', 14, near('to')],
    ["BACKUP DATABASE TO 'u'", 'syntax', 17, near('to')],
    ["RESTORE TABLE FROM 'u'", 'syntax', 15, near('from')],
    ["BACKUP a.b, TO 'u'", 'syntax', 13, near('to')],
    ["BACKUP a.b c.d TO 'u'", 'syntax', 12, near('c')],
    ["BACKUP a.b.c.d TO 'u'", 'syntax', 13, near('.')],
    ["BACKUP a.*.b TO 'u'", 'syntax', 11, near('.')],
    ["BACKUP a. TO 'u'", 'syntax', 14, near("'…'")],
    ["BACKUP TABLE a.b, DATABASE c TO 'u'", 'syntax', 19, near('database')],
    ["BACKUP DATABASE a.b TO 'u'", 'syntax', 18, near('.')],
    ['BACKUP a."" TO \'u\'', 'syntax', 10, 'a quoted name is empty'],
    ["BACKUP accounts TO 'u'", 'invalid-value', 8, 'accounts is without a database'],
    ["BACKUP a.b, * TO 'u'", 'invalid-value', 13, '"*" is without a database'],
    ["RESTORE accounts FROM 'u'", 'invalid-value', 9, 'accounts is without a database'],
    // The rest of the statement. Positions count characters, so the first emoji is one.
    ['BACKUP a.b', 'syntax', 11, near('EOF')],
    ['BACKUP 😀.é TO', 'syntax', 14, near('EOF')],
    ['BACKUP 😀."😀" TO ;', 'syntax', 17, near(';')],
    ['BACKUP a.b TO;SHOW JOBS', 'syntax', 14, near(';')],
    ["BACKUP a.b FROM 'u'", 'syntax', 12, near('from')],
    ["BACKUP a.b TO 'u', 'v'", 'syntax', 18, near(',')],
    ['BACKUP a.b TO "u"', 'syntax', 15, near('"…"')],
    ['BACKUP a.b TO nodelocal://1/x', 'syntax', 15, near('nodelocal')],
    ['BACKUP a.b TO $1', 'syntax', 15, near('$')],
    ["BACKUP a.b TO 'u' AS OF SYSTEM TIME now()", 'syntax', 37, near('now')],
    ["BACKUP a.b TO 'u' AS OF SYSTEM TIME '1' AS OF SYSTEM TIME '2'", 'syntax', 41, near('as')],
    ["BACKUP a.b TO 'u' INCREMENTAL FROM", 'syntax', 35, near('EOF')],
    ["BACKUP a.b TO 'u' WITH", 'syntax', 23, near('EOF')],
    ["BACKUP a.b TO 'u' WITH OPTIONS detached", 'syntax', 32, near('detached')],
    ["RESTORE a.b FROM 'u' INCREMENTAL FROM 'v'", 'syntax', 22, near('incremental')],
    ["RESTORE a.b TO 'u'", 'syntax', 13, near('to')],
    ['SHOW BACKUP', 'syntax', 12, near('EOF')],
    ['SHOW JOB', 'syntax', 9, near('EOF')],
    ['PAUSE JOB x', 'syntax', 11, near('x')],
    ['PAUSE JOBS ()', 'syntax', 13, near(')')],
    ['PAUSE JOBS (1, 2', 'syntax', 17, near('EOF')],
    ['CANCEL JOB 1.5', 'invalid-value', 12, 'this is not a job ID'],
    ['CANCEL JOB 9223372036854775808', 'invalid-value', 12, 'this is not a job ID'],
    ["BACKUP a.b TO 'u", 'syntax', 15, `at or near "'…": it is never closed`],
    ['BACKUP a."b TO', 'syntax', 10, 'at or near ""…": it is never closed'],
    ["BACKUP a.b /* TO 'u'", 'syntax', 12, 'at or near "/*…": it is never closed'],
    ["BACKUP a.b TO E'\\uD800'", 'syntax', 15, 'invalid escape in a string'],
    ["BACKUP a.b TO E'\\x0'", 'syntax', 15, 'invalid escape in a string'],
    ["BACKUP a.b TO E'\\u12'", 'syntax', 15, 'invalid escape in a string'],
    // Options.
    ["BACKUP a.b TO 'u' WITH fast", 'invalid-value', 24, 'invalid option "fast"'],
    ["BACKUP a.b TO 'u' WITH into_db = 'x'", 'invalid-value', 24, 'invalid option "into_db"'],
    ["BACKUP a.b TO 'u' WITH constructor", 'invalid-value', 24, 'invalid option "constructor"'],
    ["BACKUP a.b TO 'u' WITH detached, detached", 'invalid-value', 34, 'option "detached" is given twice'],
    ["BACKUP a.b TO 'u' WITH detached = 'no'", 'invalid-value', 24, 'option "detached" takes no value'],
    ["RESTORE a.b FROM 'u' WITH into_db", 'invalid-value', 27, 'option "into_db" needs a value'],
    ["RESTORE a.b FROM 'u' WITH into_db = ''", 'invalid-value', 27, 'option "into_db" needs a value'],
    ["SHOW BACKUP 'u' WITH speed", 'invalid-value', 22, 'invalid option "speed"'],
    ["VERIFY BACKUP 'u' WITH depth", 'invalid-value', 24, 'option "depth" needs a value'],
    ["VERIFY BACKUP 'u' WITH depth = 'deep'", 'invalid-value', 24, 'there is no such depth to verify at'],
    [
      "VERIFY BACKUP 'u' WITH detached, depth = 1",
      'invalid-value',
      34,
      'there is no such depth to verify at',
    ],
    ["DRILL BACKUP 'u' WITH depth = 'rows'", 'invalid-value', 23, 'invalid option "depth"'],
    ["DRILL DATABASE a FROM 'u'", 'syntax', 7, near('database')],
    ["VERIFY 'u'", 'syntax', 8, near("'…'")],
    ['VERIFY BACKUP', 'syntax', 14, near('EOF')],
    ["VERIFY BACKUP 'u', WITH depth = 'rows'", 'syntax', 20, near('with')],
    // CockroachDB has it, Holdfast does not have it yet.
    [
      "BACKUP a.b TO 'u' WITH revision_history",
      'unsupported',
      24,
      'option "revision_history" is not supported yet',
    ],
    [
      "BACKUP a.b TO 'u' WITH detached, encryption_passphrase = 'hush'",
      ...(['unsupported', 34, 'option "encryption_passphrase" is not supported yet'] as const),
    ],
    [
      "RESTORE DATABASE a FROM 'u' WITH new_db_name = 'b'",
      'unsupported',
      34,
      'option "new_db_name" is not supported yet',
    ],
    ["BACKUP a.b INTO 'u'", 'unsupported', 12, 'BACKUP … INTO is not supported yet'],
    ["BACKUP INTO 'u'", 'unsupported', 1, 'BACKUP INTO is not supported yet'],
    ["BACKUP TO 'u'", 'unsupported', 1, 'BACKUP of a whole cluster is not supported yet'],
    ["RESTORE FROM 'u'", 'unsupported', 1, 'RESTORE of a whole cluster is not supported yet'],
    ["BACKUP a.b TO ('u', 'v')", 'unsupported', 15, 'a backup split over several URLs is not supported yet'],
    [
      "RESTORE a.b FROM ('u', 'v')",
      'unsupported',
      18,
      'a backup split over several URLs is not supported yet',
    ],
    ["RESTORE a.b FROM 'x' IN 'u'", 'unsupported', 22, 'RESTORE … FROM … IN is not supported yet'],
    ["SHOW BACKUP 'x' IN 'u'", 'unsupported', 17, 'SHOW BACKUP … IN is not supported yet'],
    ["show backups in 'u'", 'unsupported', 1, 'SHOW BACKUPS IN is not supported yet'],
    ['SHOW JOBS; SHOW SCHEDULES', 'unsupported', 12, 'SHOW SCHEDULES is not supported yet'],
    [
      "CREATE SCHEDULE daily FOR BACKUP DATABASE bank INTO 'u' RECURRING '@daily'",
      ...(['unsupported', 1, 'CREATE SCHEDULE is not supported yet'] as const),
    ],
  ];
  it.each(bad)('%s', (sql, code, position, message) => {
    const { code: itsCode, position: itsPosition, message: itsMessage, hint } = refusal(sql);
    expect({ code: itsCode, position: itsPosition, message: itsMessage }).toEqual({
      code,
      position,
      message,
    });
    expect(hint).toBeTruthy();
  });

  it('says where other SQL belongs', () => {
    expect(refusal('SELECT 2').hint).toBe(OTHER_SQL_HINT);
    expect(refusal('SHOW TABLES').hint).toBe(OTHER_SQL_HINT);
    expect(refusal('BACKUP a.b TO "nodelocal://1/x"').hint).toContain('single quotes');
  });

  it('never repeats a string, closed or not, nor what is stuck to one', () => {
    const wrong = [
      "BACKUP TABLE 's3://b?AWS_SECRET_ACCESS_KEY=hush' TO",
      "BACKUP a.b TO 'u' 's3://b?KEY=hush'",
      "BACKUP a.b TO 's3://b?KEY=hush",
      'BACKUP a.b TO "s3://b?KEY=hush"',
      "BACKUP a.b TO 's3://b?KEY=x'hush'",
      "BACKUP a.b TO E's3://b?KEY=hush' E'hush'",
      "SHOW BACKUP SCHEMAS 'u' WITH encryption_passphrase = 'hush'",
    ];
    for (const sql of wrong) {
      const { message, hint } = refusal(sql);
      expect(`${message} ${hint}`).not.toContain('hush');
    }
  });
});

describe('whatever the input', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...[
        'BACKUP',
        'RESTORE',
        'SHOW',
        'JOBS',
        'TABLE',
        'DATABASE',
        'TO',
        'FROM',
        'AS OF SYSTEM TIME',
        'WITH',
        ',',
      ],
      ...[
        "'u'",
        "'",
        '"',
        '"a"',
        '/*',
        '*/',
        '--',
        '\n',
        ';',
        '(',
        ')',
        '.',
        '*',
        '=',
        '-1',
        'a.b',
        "E'\\",
        '\0',
      ],
    ),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );

  it('answers statements or a HoldfastError with a position inside the text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const sql = pieces.join(' ');
        try {
          parseStatements(sql);
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error;
          expect(error.position).toBeGreaterThanOrEqual(1);
          expect(error.position).toBeLessThanOrEqual([...sql].length + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['quotes', "x'"],
    ['comments that never end', '/*'],
    ['double quotes', '"a'],
    ['escapes', "E'\\"],
    ['brackets', '('],
    ['semicolons', ';'],
    ['dots', 'a.'],
    ['white space', ' '],
  ])('takes time in proportion to a text of %s', (_what, unit) => {
    const time = (length: number) => {
      const sql = `BACKUP a.b TO ${unit.repeat(length / unit.length)}`;
      const start = performance.now();
      expect(() => parseStatements(sql)).toThrow(HoldfastError);
      return performance.now() - start;
    };
    time(1000);
    // It takes a tenth of a second or two; quadratic time would take minutes.
    expect(time(1_000_000)).toBeLessThan(20_000);
  });
});
