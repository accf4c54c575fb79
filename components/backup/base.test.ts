import { expect, it } from 'vitest';
import type { BaseCandidate } from '../../server/backup/selection.ts';
import { drawbackOf, lostBase, newestUsable, tablesHeld } from './base.ts';

const now = Date.parse('2026-11-22T14:00:00Z');
const table = { database: 'bank', schema: 'public', name: 'accounts' };

function candidate(name: string, part: Partial<BaseCandidate> = {}): BaseCandidate {
  const url = `nodelocal://self/${name}`;
  const moment = new Date(now - 3600_000).toISOString();
  return {
    url,
    type: 'full',
    moment,
    chain: [url],
    tables: 3,
    selected: 3,
    deadline: null,
    problem: null,
    ...part,
  };
}

const until = (milliseconds: number): Partial<BaseCandidate> => ({
  deadline: { at: new Date(now + milliseconds).toISOString(), table, seconds: 90_000 },
});

it('tells when a base is too old, and of which table', () => {
  expect(drawbackOf(candidate('a', until(1)), now)).toBeNull();
  expect(drawbackOf(candidate('a', until(0)), now)).toBe(
    'Too old: bank.public.accounts left its GC window (25 h) just now.',
  );
  expect(drawbackOf(candidate('a', until(-61_000)), now)).toMatch(/ 1 min 01 s ago\.$/);
  // Before the clock is known nothing is said of it.
  expect(drawbackOf(candidate('a', until(-61_000)), 0)).toBeNull();
});

it('takes the newest that can be built on', () => {
  const candidates = [candidate('none', { problem: 'No.' }), candidate('late', until(-1)), candidate('good')];
  expect(newestUsable(candidates, now)?.url).toBe('nodelocal://self/good');
  expect(newestUsable(candidates.slice(0, 2), now)).toBeUndefined();
});

it('notices that the chosen base is gone or too old', () => {
  const candidates = [candidate('late', until(-1)), candidate('good')];
  expect(lostBase(['nodelocal://self/good'], candidates, now)).toBeNull();
  expect(lostBase(['nodelocal://self/late'], candidates, now)).toMatch(/^Too old/);
  expect(lostBase(['nodelocal://self/gone'], candidates, now)).toMatch(/gone is not there any more/);
  expect(lostBase(['nodelocal://self/gone'], undefined, now)).toBeNull();
  expect(lostBase([], candidates, now)).toBeNull();
  expect(lostBase(null, candidates, now)).toBeNull();
});

it('says what a base lacks', () => {
  expect(tablesHeld(candidate('a'))).toBe('Has all 3 selected tables.');
  expect(tablesHeld(candidate('a', { tables: 1, selected: 1 }))).toBe('Has the selected table.');
  expect(tablesHeld(candidate('a', { tables: 2 }))).toBe(
    'Lacks 1 of the 3 selected tables, which will be stored whole.',
  );
});
