import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KEYS, TEMPORARY_KEYS } from './server.ts';
import { CALLS, MIB, errorOf, megabytes, open, quick, reopen, server, withServer } from './testing.ts';
import type { StoreError } from '../store.ts';
import { codeOf, listed, textBody, textOf } from '../testing.ts';

withServer();

describe('refusals', () => {
  const SECRETS = [
    KEYS.secretAccessKey,
    TEMPORARY_KEYS.sessionToken,
    'wrong+secret/of=somebody',
    'Signature=',
    'AWS4-HMAC-SHA256',
  ];
  function expectNoSecrets(error: StoreError): void {
    const everything = `${inspect(error, { depth: 20, showHidden: true })}\n${error.stack}\n${JSON.stringify(error)}`;
    for (const secret of SECRETS) {
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(encodeURIComponent(secret));
    }
  }

  it.each(CALLS)('of a wrong secret: %s', async (_, call) => {
    const { store } = await open({}, { AWS_SECRET_ACCESS_KEY: 'wrong+secret/of=somebody' });
    const error = await errorOf(call(store));
    expect(error).toMatchObject({
      code: 'denied',
      message: expect.stringContaining('the secret access key is wrong'),
    });
    expectNoSecrets(error);
  });

  it.each(CALLS)('of an unknown key: %s', async (_, call) => {
    const { store } = await open({}, { AWS_ACCESS_KEY_ID: 'NOBODY' });
    const error = await errorOf(call(store));
    expect(error).toMatchObject({
      code: 'denied',
      message: expect.stringContaining('the service does not know the access key'),
    });
    expectNoSecrets(error);
  });

  it('repeat no token', async () => {
    const { store } = await open(
      {},
      {
        AWS_ACCESS_KEY_ID: TEMPORARY_KEYS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: 'wrong+secret/of=somebody',
        AWS_SESSION_TOKEN: TEMPORARY_KEYS.sessionToken,
      },
    );
    for (const [, call] of CALLS) expectNoSecrets(await errorOf(call(store)));
  });

  it.each(CALLS)('of a bucket that is not there: %s', async (_, call) => {
    const error = await errorOf(call(reopen('no-such-bucket')));
    expect(error.code).toBe('no-container');
    expect(error.message).toContain('there is no bucket no-such-bucket');
  });

  it.each([
    ['put', 's3:PutObject'],
    ['get', 's3:GetObject'],
    ['stat', 's3:GetObject'],
    ['list', 's3:ListBucket'],
    ['remove', 's3:DeleteObject'],
  ])('of who has no right, which is named: %s', async (name, right) => {
    const { bucket, store } = await open();
    if (name !== 'put') await store.put('a', textBody('x'));
    await server.behave(bucket, { denied: [right] });
    const call = CALLS.find(([called]) => called === name)?.[1];
    const error = await errorOf(call?.(store) ?? Promise.resolve());
    expect(error.code).toBe('denied');
    expect(error.message).toContain(`no right to it: ${right}`);
    expect(error.hint).toContain(`Allow ${right}`);
  });

  it('of who may not know whether there is such a file', async () => {
    const { store } = await open({ denied: ['s3:ListBucket'] });
    for (const call of [() => store.stat('missing'), () => store.get('missing')]) {
      const error = await errorOf(call());
      expect(error.code).toBe('denied');
      expect(error.message).toContain('s3:ListBucket');
      expect(error.hint).toContain("a file that isn't there");
    }
  });

  it('of a clock that is off do not come, as it is set by that of the service', async () => {
    const { store } = await open({ clockOffMs: -20 * 60_000 });
    await store.put('a', textBody('x'));
    expect(await textOf(await store.get('a'))).toBe('x');
    expect(await store.stat('a')).toEqual({ name: 'a', bytes: 1 });
  });

  it.each([
    [20, 'a: the clock of this machine is 20 min behind that of the service (RequestTimeTooSkewed 403)'],
    [-90, 'a: the clock of this machine is 90 min ahead of that of the service (RequestTimeTooSkewed 403)'],
  ])('of a clock that is off all the same say by how much: %i min', async (minutes, message) => {
    const { store } = await open({ clockOffMs: minutes * 60_000, alwaysSkewed: true });
    for (const [, call] of CALLS.slice(0, 3))
      expect(await errorOf(call(store))).toMatchObject({
        code: 'failed',
        message,
        hint: expect.stringContaining('NTP'),
      });
  });

  it('of a signature for another region are followed, once', async () => {
    const { bucket, store } = await open({ region: 'eu-central-1' }, { AWS_REGION: 'us-west-2' });
    await store.put('a', textBody('x'));
    await store.put('b', megabytes(9));
    expect(await textOf(await store.get('a'))).toBe('x');
    expect((await server.operations(bucket)).filter((operation) => operation === 'PutObject')).toHaveLength(
      1,
    );
    expect((await server.operations(bucket)).slice(0, 3)).toEqual(['HeadObject', 'HeadObject', 'PutObject']);
  });

  it('of a bucket that is elsewhere, nobody says where', async () => {
    const { store } = await open({ faults: [{ operation: 'ListObjectsV2', how: 'elsewhere', times: 9 }] });
    const error = await errorOf(listed(store));
    expect(error).toMatchObject({ code: 'failed', hint: 'Say which: AWS_REGION.' });
    expect(error.message).toContain('is in another region');
  });

  it('of a storage class that there is not', async () => {
    const { store } = await open({}, { S3_STORAGE_CLASS: 'MARBLE' });
    expect(await errorOf(store.put('a', textBody('x')))).toMatchObject({
      code: 'failed',
      message: 'a: the service has no such storage class (InvalidStorageClass 400)',
      hint: 'Check S3_STORAGE_CLASS, or leave it out.',
    });
  });

  it.each([
    [200, '<!doctype html><p>Welcome<br>to the console'],
    [200, ''],
    [302, ''],
  ])('of something else than S3, which answers %i %j', async (status, page) => {
    const pages = createServer((request, response) => {
      request.resume();
      response.statusCode = status;
      response.end(page);
    });
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    const { port } = pages.address() as AddressInfo;
    const store = reopen('bucket', { AWS_ENDPOINT: `http://127.0.0.1:${port}` });
    for (const [name, call] of CALLS) {
      // There is nothing in the answer to a removal, by which to tell.
      if (name === 'remove') continue;
      const error = await errorOf(call(store));
      expect(error.code).toBe('failed');
      expect(error.message).toContain('does not speak the protocol of S3');
      expect(error.hint).toContain('AWS_ENDPOINT');
    }
    pages.close();
    pages.closeAllConnections();
  });

  it('of who breaks off or hangs', async () => {
    const faults = [
      { operation: 'GetObject', how: 'reset', times: 1 },
      { operation: 'ListObjectsV2', how: 'stall', times: 1 },
      { operation: 'GetObject', how: 'stall', times: 1 },
    ] as const;
    const { store } = await open({ faults: [...faults] }, {}, quick({ stallMs: 300 }).tuning);
    const broken = { code: 'transient', message: 'a: the connection was broken off (ECONNRESET)' };
    expect(await errorOf(store.get('a'))).toMatchObject(broken);
    expect(await errorOf(store.get('a'))).toMatchObject({
      code: 'transient',
      message: 'a: it does not answer (ETIMEDOUT)',
    });
    expect(await errorOf(listed(store))).toMatchObject({ code: 'transient', message: 'it does not answer' });
  });

  it('of nobody at all', async () => {
    const error = await errorOf(listed(reopen('bucket', { AWS_ENDPOINT: 'http://127.0.0.1:1' })));
    expect(error).toMatchObject({
      code: 'transient',
      message: 'nothing takes connections there (ECONNREFUSED)',
    });
    const nowhere = reopen('bucket', { AWS_ENDPOINT: 'http://s3.invalid' });
    expect((await errorOf(nowhere.get('a'))).message).toMatch(
      /its host (has no address|could not be looked up) \(DNS\)/,
    );
  });
});

describe('rights', () => {
  it('to delete, list and abort are not needed to write, nor is the one to read', async () => {
    const { bucket, store } = await open();
    const denied = [
      's3:DeleteObject',
      's3:ListBucket',
      's3:AbortMultipartUpload',
      's3:ListMultipartUploadParts',
    ];
    for (const more of [[], ['s3:GetObject']]) {
      await server.behave(bucket, { denied: [...denied, ...more] });
      const name = `file ${more.length}`;
      expect(await store.put(name, textBody('x'))).toEqual({ bytes: 1 });
      expect(await store.put(`${name} large`, megabytes(9))).toEqual({ bytes: 9 * MIB });
      expect(await codeOf(store.put(name, textBody('y')))).toBe('exists');
      expect(await codeOf(store.put(`${name} large`, megabytes(9)))).toBe('exists');
    }
    await server.behave(bucket, {});
    expect(await listed(store)).toEqual([
      'file 0 1',
      `file 0 large ${9 * MIB}`,
      'file 1 1',
      `file 1 large ${9 * MIB}`,
    ]);
  });

  it('to list uploads are not needed to remove', async () => {
    const { bucket, store } = await open({ denied: ['s3:ListBucketMultipartUploads'] });
    await store.put('a', textBody('x'));
    await store.remove('a');
    await server.behave(bucket, { listsUploads: false });
    await store.put('a', textBody('x'));
    await store.remove('a');
    expect(await listed(store)).toEqual([]);
  });
});
