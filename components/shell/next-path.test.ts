import { expect, it } from 'vitest';
import { loginPath, safeNextPath } from './next-path.ts';

it.each([
  ['/jobs/12?x=1#log', '/jobs/12?x=1#log'],
  [null, '/'],
  ['', '/'],
  ['jobs', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['https://evil.example/', '/'],
  ['javascript:alert(1)', '/'],
  ['/login?next=/login', '/'],
  ['/jobs?_rsc=1a2b', '/jobs'],
  ['/x/..//evil.example', '/'],
])('takes %j to %j', (next, path) => {
  expect(safeNextPath(next)).toBe(path);
});

it('remembers the page', () => {
  expect(loginPath('/restore?url=nodelocal://self/a', true)).toBe(
    '/login?next=%2Frestore%3Furl%3Dnodelocal%3A%2F%2Fself%2Fa&ended=1',
  );
  expect(loginPath('/', false)).toBe('/login');
});
