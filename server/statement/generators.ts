import fc from 'fast-check';
import { VERIFY_DEPTHS } from './ast.ts';
import type { RestoreOptions, Statement, TablePattern, Targets } from './ast.ts';

/** Every statement that the parser can make, for property tests. */

const text = fc.string({ unit: 'grapheme', maxLength: 24 });
const awkward = fc.constantFrom(
  ...[
    'select',
    'Table',
    'a.b',
    'x"y',
    "o'clock",
    'a b',
    '1st',
    'system',
    'time',
    'options',
    'job',
    'jobs',
    'verify',
    'drill',
  ],
  ...[
    'backup',
    'to',
    'in',
    'into',
    'incremental',
    'Straße',
    'ñandú',
    '😀',
    '\u00a0',
    '--x',
    '/*',
    '*',
    '$1',
    'e',
  ],
);
const name = fc.oneof(awkward, text).filter((value) => value !== '');
const url = fc.oneof(
  fc.constantFrom('nodelocal://1/b/full', "s3://b/o'brien?AWS_SECRET_ACCESS_KEY=a\\'b", '', '\n;--'),
  text,
);
const pattern: fc.Arbitrary<TablePattern> = fc.record({
  database: name,
  schema: fc.option(name),
  name: fc.option(name),
});
const targets: fc.Arbitrary<Targets> = fc.oneof(
  fc.record({
    kind: fc.constant('tables' as const),
    patterns: fc.array(pattern, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('databases' as const),
    names: fc.array(name, { minLength: 1, maxLength: 4 }),
  }),
);
const jobId = fc.bigInt({ min: 0n, max: 9223372036854775807n }).map(String);
const jobIds = fc.array(jobId, { minLength: 1, maxLength: 4 });
const restoreOptions: fc.Arbitrary<RestoreOptions> = fc.record({
  intoDb: fc.option(name),
  createDb: fc.boolean(),
  skipMissingForeignKeys: fc.boolean(),
  skipMissingSequences: fc.boolean(),
  skipMissingViews: fc.boolean(),
  detached: fc.boolean(),
});

export const anyStatement: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({
    kind: fc.constant('backup' as const),
    targets,
    to: url,
    asOf: fc.option(text),
    incrementalFrom: fc.array(url, { maxLength: 3 }),
    options: fc.record({ detached: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('restore' as const),
    targets,
    from: fc.array(url, { minLength: 1, maxLength: 3 }),
    asOf: fc.option(text),
    options: restoreOptions,
  }),
  fc.record({
    kind: fc.constant('verify' as const),
    urls: fc.array(url, { minLength: 1, maxLength: 3 }),
    options: fc.record({ depth: fc.constantFrom(...VERIFY_DEPTHS), detached: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('drill' as const),
    urls: fc.array(url, { minLength: 1, maxLength: 3 }),
    options: fc.record({ detached: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('show-jobs' as const),
    ids: fc.option(jobIds),
    whenComplete: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('show-backup' as const), url, schemas: fc.boolean() }),
  fc.record({
    kind: fc.constant('control-jobs' as const),
    action: fc.constantFrom('pause' as const, 'resume' as const, 'cancel' as const),
    ids: jobIds,
  }),
);
