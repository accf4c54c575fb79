import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isSameOrigin } from './origin.ts';

describe('isSameOrigin', () => {
  it.each([
    ['POST', { host: 'h:1', origin: 'http://h:1' }, true],
    ['POST', { host: 'h:1', origin: 'http://h:1', 'sec-fetch-site': 'same-origin' }, true],
    ['POST', { host: 'h:1', origin: 'http://evil:1' }, false],
    ['POST', { host: 'h:1', origin: 'http://h:2' }, false],
    ['POST', { host: 'h:1', origin: 'null' }, false],
    ['POST', { host: 'h:1' }, false],
    ['POST', { host: 'h:1', 'sec-fetch-site': 'same-origin' }, true],
    ['POST', { host: 'h:1', origin: 'http://h:1', 'sec-fetch-site': 'same-site' }, false],
    ['GET', { host: 'h:1' }, true],
    ['GET', { host: 'h:1', 'sec-fetch-site': 'cross-site' }, false],
    ['GET', { host: 'h:1', 'sec-fetch-site': 'none' }, false],
    ['GET', { host: 'h:1', origin: 'http://evil' }, false],
  ])('%s %j: %s', (method, headers, expected) => {
    expect(isSameOrigin({ method, headers } as unknown as IncomingMessage)).toBe(expected);
  });
});
