import type pg from 'pg';
import { parse, toClientConfig } from 'pg-connection-string';
import { HoldfastError } from '../../errors.ts';

/** Of postgres:// URLs that name none; cockroachdb:// has CockroachDB's own. */
const POSTGRES_PORT = 5432;
const COCKROACH_PORT = 26257;

/** What a cluster's URL says of how to connect; the credentials are in it. */
export type ClusterAccess = Pick<
  pg.ClientConfig,
  'host' | 'user' | 'password' | 'ssl' | 'sslnegotiation' | 'options'
> & { host: string; port: number; database: string };

/** Reads `cockroachdb://user:password@host:26257/database?sslmode=…`. Throws `invalid-value`, never repeating the URL. */
export function readUrl(url: string): ClusterAccess {
  const named = /^cockroach(db)?:/i.test(url);
  const postgres = url.replace(/^cockroach(db)?:/i, 'postgresql:');
  try {
    // libpq's reading of sslmode is what everybody knows who writes such URLs.
    const config = toClientConfig(parse(postgres, { useLibpqCompat: true }));
    const { host, port, user, password, ssl, sslnegotiation, options, database } = config;
    return {
      host: host ?? 'localhost',
      port: port ?? (named ? COCKROACH_PORT : POSTGRES_PORT),
      user: user ?? (named ? 'root' : undefined),
      password,
      ssl,
      sslnegotiation,
      options,
      database: database ?? 'defaultdb',
    };
  } catch (error) {
    // Not the error's own message: it may quote the URL with its password.
    const reason = error instanceof Error && /sslmode|sslrootcert/.test(error.message) ? error.message : '';
    throw new HoldfastError(
      'invalid-value',
      `the cluster's URL can't be understood${reason && `: ${reason}`}`,
      {
        hint: 'It looks like cockroachdb://user:password@host:26257/database?sslmode=verify-full.',
        field: 'cluster',
      },
    );
  }
}
