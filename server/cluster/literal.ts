import pg from 'pg';

/** A string constant, as PostgreSQL and CockroachDB read it. */
export function literal(text: string): string {
  return pg.escapeLiteral(text).trimStart();
}
