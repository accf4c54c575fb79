import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors.ts';
import { storeConformance, type Subject } from '../conformance.ts';
import { s3Store } from './store.ts';
import { cutFor } from './parts.ts';
import { KEYS, TEMPORARY_KEYS, VIRTUAL_HOST } from './server.ts';
import {
  CALLS,
  MIB,
  PATH,
  errorOf,
  locationOf,
  megabytes,
  open,
  reopen,
  server,
  urlOf,
  withServer,
} from './testing.ts';
import { type Store } from '../store.ts';
import { codeOf, listed, pattern, textBody, textOf } from '../testing.ts';
import { DEFAULT_TUNING } from '../tuning.ts';

withServer();

/** Names of buckets below VIRTUAL_HOST resolve nowhere: they are this machine. */
const lookup: LookupFunction = (_host, options, done) => {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

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
  bufferMib: 64,
  open: () => subject((bucket) => s3Store(locationOf(bucket), DEFAULT_TUNING)),
});

storeConformance('s3 by virtual hosts', {
  bufferMib: 64,
  open: () =>
    subject((bucket) => {
      const parameters = {
        AWS_ENDPOINT: `http://${VIRTUAL_HOST}:${server.port}`,
        AWS_USE_PATH_STYLE: 'false',
      };
      return s3Store(locationOf(bucket, parameters), DEFAULT_TUNING, { lookup });
    }),
});

describe('parts', () => {
  it('are few enough for any file that the service takes, also one that is longer than expected', () => {
    expect(cutFor()).toEqual({ partBytes: 8 * MIB, inHand: 3 });
    expect(cutFor(70 * 1024 * MIB).partBytes).toBe(8 * MIB);
    for (let bytes = MIB; bytes <= 5 * 1024 * 1024 * MIB; bytes *= 1.7) {
      const { partBytes, inHand } = cutFor(bytes);
      expect(partBytes % MIB).toBe(0);
      expect(Math.ceil((bytes * 1.1) / partBytes)).toBeLessThanOrEqual(10_000);
      expect(inHand === 1 || inHand * partBytes <= 48 * MIB).toBe(true);
    }
    expect(cutFor(5 * 1024 * 1024 * MIB)).toEqual({ partBytes: 583 * MIB, inHand: 1 });
    expect(cutFor(1e18).partBytes).toBe(5 * 1024 * MIB);
  });

  it.each([
    [8 * MIB, ['PutObject']],
    [8 * MIB + 1, ['CreateMultipartUpload', 'UploadPart', 'UploadPart', 'CompleteMultipartUpload']],
  ])('are made of what one of them does not hold: %i bytes', async (bytes, expected) => {
    const { bucket, store } = await open();
    await store.put('a', Readable.from([Buffer.alloc(bytes, 'x')]));
    expect((await server.operations(bucket)).filter((operation) => operation !== 'HeadObject')).toEqual(
      expected,
    );
    expect(await store.stat('a')).toEqual({ name: 'a', bytes });
  });

  it('are of one size, whatever the chunks of the body are, and have checksums', async () => {
    const { bucket, store } = await open();
    const content = Buffer.concat(Array.from({ length: 21 }, (_, index) => pattern(index)));
    const chunks: Buffer[] = [];
    for (let at = 0, size = 1; at < content.length; at += size, size = (size * 7 + 13) % 3_000_017)
      chunks.push(content.subarray(at, at + size));
    expect(await store.put('a', Readable.from(chunks))).toEqual({ bytes: content.length });
    const parts = (await server.seen(bucket)).filter(({ operation }) => operation === 'UploadPart');
    expect(parts.map(({ headers }) => Number(headers['content-length'])).sort()).toEqual([
      5 * MIB,
      8 * MIB,
      8 * MIB,
    ]);
    for (const { headers } of parts) expect(headers['x-amz-checksum-crc32']).toMatch(/^[\w+/]{6}==$/);
    const read: Buffer[] = [];
    for await (const chunk of await store.get('a')) read.push(chunk as Buffer);
    expect(Buffer.concat(read).equals(content)).toBe(true);
  });
});

describe('parameters', () => {
  it('of storage class and encryption go with small files and with large ones', async () => {
    const { bucket, store } = await open(
      {},
      {
        S3_STORAGE_CLASS: 'STANDARD_IA',
        AWS_SERVER_ENC_MODE: 'aws:kms',
        AWS_SERVER_KMS_ID: 'key/1234',
      },
    );
    await store.put('small', textBody('x'));
    await store.put('large', megabytes(9));
    const made = (await server.seen(bucket)).filter(({ operation }) =>
      ['PutObject', 'CreateMultipartUpload'].includes(operation),
    );
    expect(made.map(({ headers }) => headers)).toEqual([SEALED, SEALED]);
  });
  const SEALED = expect.objectContaining({
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': 'key/1234',
  });

  it('name temporary keys by their token', async () => {
    const keys = {
      AWS_ACCESS_KEY_ID: TEMPORARY_KEYS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: TEMPORARY_KEYS.secretAccessKey,
    };
    const { bucket, store } = await open({}, { ...keys, AWS_SESSION_TOKEN: TEMPORARY_KEYS.sessionToken });
    await store.put('a', textBody('x'));
    expect(await listed(store)).toEqual(['a 1']);
    expect(await errorOf(reopen(bucket, keys).get('a'))).toMatchObject({
      code: 'denied',
      message: 'a: the session token is not accepted (InvalidToken 400)',
    });
  });

  it('may leave out the path', async () => {
    const { bucket } = await open();
    const store = s3Store({ ...locationOf(bucket), path: '' }, DEFAULT_TUNING);
    await store.put('a', textBody('x'));
    await store.put('b/c', textBody('x'));
    expect(await listed(store)).toEqual(['a 1', 'b/c 1']);
    expect(await textOf(await store.get('b/c'))).toBe('x');
    await store.close();
  });

  it('that say nothing of credentials are refused, in words', () => {
    const location = locationOf('bucket', { AWS_ACCESS_KEY_ID: null, AWS_SECRET_ACCESS_KEY: null });
    expect(() => s3Store(location, DEFAULT_TUNING)).toThrow(
      expect.objectContaining({
        code: 'location-invalid',
        message: "AUTH is set to 'specified', but AWS_ACCESS_KEY_ID is not set",
        field: 'destination',
        hint: expect.stringContaining('AUTH=implicit'),
      }),
    );
    expect(() => s3Store(location, DEFAULT_TUNING)).toThrow(HoldfastError);
  });

  describe('of what the machine is allowed', () => {
    const IMPLICIT = { AWS_ACCESS_KEY_ID: null, AWS_SECRET_ACCESS_KEY: null, AUTH: 'implicit' };
    const names = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));
    const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
    afterEach(() => {
      for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
      Object.assign(process.env, before);
    });
    function machine(variables: Record<string, string>): void {
      for (const name of names) delete process.env[name];
      // Neither a person's files nor the service that tells machines of Amazon who they are.
      const nowhere = {
        AWS_CONFIG_FILE: '/nowhere',
        AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
        AWS_EC2_METADATA_DISABLED: 'true',
      };
      Object.assign(process.env, nowhere, variables);
    }

    it('find its keys and region', async () => {
      machine({
        AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
        AWS_REGION: 'eu-north-1',
      });
      const { bucket, store } = await open({ region: 'eu-north-1' }, IMPLICIT);
      await store.put('a', textBody('x'));
      expect(await textOf(await store.get('a'))).toBe('x');
      expect(await server.operations(bucket)).toEqual(['HeadObject', 'PutObject', 'GetObject']);
    });

    it.each(CALLS)('say so where it is allowed nothing: %s', async (_, call) => {
      machine({});
      const { store } = await open({}, IMPLICIT);
      const error = await errorOf(call(store));
      expect(error.code).toBe('denied');
      expect(error.message).toContain('no credentials were found on this machine');
      expect(error.hint).toContain('AUTH=implicit');
    });
  });
});

describe('uploads', () => {
  it('that are aborted while they are begun are ended', async () => {
    const { bucket, store } = await open({ slowMs: 400 });
    const aborting = new AbortController();
    const writing = errorOf(store.put('a', megabytes(20), { signal: aborting.signal }));
    await expect.poll(() => server.operations(bucket)).toContain('CreateMultipartUpload');
    expect(await server.uploads(bucket)).toEqual([]);
    aborting.abort(new Error('canceled'));
    expect(await writing).toMatchObject({ code: 'failed', cause: { message: 'canceled' } });
    expect(await server.uploads(bucket)).toEqual([]);
    expect(await server.operations(bucket)).toContain('AbortMultipartUpload');
  });

  it('of a name that is taken are not begun', async () => {
    const { bucket, store } = await open();
    await store.put('a', textBody('x'));
    expect(await codeOf(store.put('a', megabytes(20)))).toBe('exists');
    expect(await server.operations(bucket)).not.toContain('CreateMultipartUpload');
  });

  it('that others left are removed with their file, all of them and no others', async () => {
    const { bucket, store } = await open();
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${server.port}`,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: KEYS,
    });
    for (const name of ['a', 'a', 'a', 'ab', 'a/b'])
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: `${PATH}/${name}` }));
    client.destroy();
    await store.remove('a');
    expect((await server.uploads(bucket)).sort()).toEqual([`${PATH}/a/b`, `${PATH}/ab`]);
  });
});
