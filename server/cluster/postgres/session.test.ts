import type pg from 'pg';
import { expect, it } from 'vitest';
import { prepareSession } from './session.ts';

const place = { address: 'db.example:5432', database: 'bank', user: 'root' };

/** A server that answers these to the first queries of a session. */
function answering(...answers: Record<string, unknown>[]): pg.ClientBase {
  const query = () => Promise.resolve({ rows: [answers.shift()] });
  return { query } as unknown as pg.ClientBase;
}

it.each([
  ['CockroachDB CCL v21.1.0 (x86_64-unknown-linux-gnu)', {}, /db\.example:5432 is CockroachDB/],
  ['PostgreSQL 12.22 on x86_64', { version: 120022 }, /db\.example:5432 is PostgreSQL 12\.22/],
])('refuses %s', async (banner, facts, message) => {
  const session = prepareSession(answering({ banner }, facts), place);
  await expect(session).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(message),
  });
});
