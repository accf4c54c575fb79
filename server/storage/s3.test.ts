import type { LookupFunction } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeConformance, type Subject } from './conformance.ts';
import { parseLocation } from './location.ts';
import type { S3Location } from './locations/s3.ts';
import { s3Store } from './s3.ts';
import { KEYS, S3Server, VIRTUAL_HOST } from './s3-server.ts';
import type { Store } from './store.ts';
import { DEFAULT_TUNING, type Tuning } from './tuning.ts';

let server: S3Server;
beforeAll(async () => {
  server = await S3Server.start();
});
afterAll(() => server.stop());

/** Bucket names below VIRTUAL_HOST resolve nowhere: they are this machine. */
const lookup: LookupFunction = (_host, options, done) => {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

function urlOf(bucket: string, parameters: Record<string, string> = {}): string {
  const query = Object.entries({
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
    AWS_ENDPOINT: `http://127.0.0.1:${server.port}`,
    ...parameters,
  });
  return `s3://${bucket}/nightly/bänk no 1?${query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}

function locationOf(bucket: string, parameters: Record<string, string> = {}): S3Location {
  const location = parseLocation(urlOf(bucket, parameters));
  if (location.scheme !== 's3') throw new Error('no location of s3');
  return location;
}

async function subject(open: (bucket: string) => Store): Promise<Subject> {
  const bucket = await server.bucket();
  return {
    store: open(bucket),
    url: urlOf(bucket),
    reopen: async () => open(bucket),
    leftovers: () => server.uploads(bucket),
    cleanup: () => server.remove(bucket),
  };
}

storeConformance('s3', {
  bufferMib: 48,
  open: () => subject((bucket) => s3Store(locationOf(bucket), DEFAULT_TUNING)),
});

storeConformance('s3 by virtual hosts', {
  bufferMib: 48,
  open: () =>
    subject((bucket) =>
      s3Store(
        locationOf(bucket, {
          AWS_ENDPOINT: `http://${VIRTUAL_HOST}:${server.port}`,
          AWS_USE_PATH_STYLE: 'false',
        }),
        DEFAULT_TUNING,
        { lookup },
      ),
    ),
});
