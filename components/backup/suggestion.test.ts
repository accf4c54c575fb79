import { expect, it } from 'vitest';
import { suggestDestination } from './suggestion.ts';

const none = new Set<string>();
const now = new Date('2026-11-22T14:10:33Z');

it('names the one database, or the one table', () => {
  expect(suggestDestination({ kind: 'databases', names: ['bank'] }, now, none)).toBe(
    'nodelocal://self/bank-2026-11-22-1410',
  );
  const accounts = { database: 'bank', schema: 'public', name: 'accounts' };
  expect(suggestDestination({ kind: 'tables', patterns: [accounts] }, now, none)).toBe(
    'nodelocal://self/bank-accounts-2026-11-22-1410',
  );
  const patterns = [accounts, { ...accounts, name: 'customers' }];
  expect(suggestDestination({ kind: 'tables', patterns }, now, none)).toBe(
    'nodelocal://self/bank-2026-11-22-1410',
  );
});

it('tells an incremental backup', () => {
  expect(suggestDestination({ kind: 'databases', names: ['bank'] }, now, none, true)).toBe(
    'nodelocal://self/bank-2026-11-22-1410-incremental',
  );
});

it('stays a plain path whatever the names are', () => {
  expect(suggestDestination({ kind: 'databases', names: ['../Ünïcode Ж'] }, now, none)).toBe(
    'nodelocal://self/n-code-2026-11-22-1410',
  );
  expect(suggestDestination({ kind: 'databases', names: ['Ж'] }, now, none)).toBe(
    'nodelocal://self/backup-2026-11-22-1410',
  );
  expect(suggestDestination({ kind: 'databases', names: ['a', 'b'] }, now, none)).toBe(
    'nodelocal://self/backup-2026-11-22-1410',
  );
});

it('goes below a saved destination', () => {
  const bank = { kind: 'databases' as const, names: ['bank'] };
  const base = 's3://bucket/nightly?AWS_REGION=eu';
  const first = 's3://bucket/nightly/bank-2026-11-22-1410?AWS_REGION=eu';
  expect(suggestDestination(bank, now, none, false, base)).toBe(first);
  expect(suggestDestination(bank, now, new Set([first]), false, base)).toBe(
    's3://bucket/nightly/bank-2026-11-22-1410-2?AWS_REGION=eu',
  );
});

it('never suggests a URL that is known to hold a backup', () => {
  const bank = { kind: 'databases' as const, names: ['bank'] };
  const first = suggestDestination(bank, now, none);
  expect(suggestDestination(bank, now, new Set([first]))).toBe(`${first}-2`);
  expect(suggestDestination(bank, now, new Set([first, `${first}-2`]))).toBe(`${first}-3`);
});
