import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patient } from '../patient.ts';
import { DEFAULT_POLICY } from '../retry.ts';
import { CALLS, MIB, errorOf, megabytes, open, quick, server, withServer } from './testing.ts';
import { StoreError } from '../store.ts';
import { codeOf, listed, pattern, textBody, textOf } from '../testing.ts';

withServer();

describe('requests', () => {
  it('use few connections', async () => {
    const { bucket, store } = await open();
    for (let index = 0; index < 20; index++) {
      await store.put(`${index}`, textBody('x'));
      await textOf(await store.get(`${index}`));
    }
    expect(new Set((await server.seen(bucket)).map(({ port }) => port)).size).toBeLessThanOrEqual(2);
  });

  it('for a listing are as many as it has pages, one when it is needed', async () => {
    const { bucket, store } = await open({ pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await store.put(name, textBody('x'));
    const lists = async (): Promise<number> =>
      (await server.operations(bucket)).filter((operation) => operation === 'ListObjectsV2').length;
    for await (const file of store.list('')) {
      expect(file).toEqual({ name: 'a', bytes: 1 });
      break;
    }
    expect(await lists()).toBe(1);
    expect(await listed(store)).toEqual(['a 1', 'b 1', 'c 1', 'd 1', 'e 1']);
    expect(await lists()).toBe(4);
  });

  it.each(['busy', 'damaged', 'reset', 'conflict', 'lost'] as const)(
    'that fail once are repeated: %s',
    async (how) => {
      const once = ['PutObject', 'UploadPart', 'CompleteMultipartUpload']
        // It is about conditions, which parts have none of.
        .filter((operation) => how !== 'conflict' || operation !== 'UploadPart')
        .map((operation) => ({ operation, how, times: 1 }));
      const { bucket, store } = await open({ faults: once });
      expect(await store.put('small', Readable.from([Buffer.alloc(MIB, 'x')]))).toEqual({ bytes: MIB });
      expect(await store.put('large', megabytes(20))).toEqual({ bytes: 20 * MIB });
      expect(await listed(store)).toEqual([`large ${20 * MIB}`, `small ${MIB}`]);
      let index = 0;
      let rest = Buffer.alloc(0);
      for await (const chunk of await store.get('large')) {
        rest = Buffer.concat([rest, chunk as Buffer]);
        for (; rest.length >= MIB; rest = rest.subarray(MIB))
          expect(rest.subarray(0, MIB).equals(pattern(index++))).toBe(true);
      }
      expect(index).toBe(20);
      expect(await server.uploads(bucket)).toEqual([]);
    },
  );

  it('whose last answer is lost were done', async () => {
    const lost = { how: 'lost', times: 1 } as const;
    const faults = ['PutObject', 'CompleteMultipartUpload'].map((operation) => ({ operation, ...lost }));
    const { tuning } = quick({ retry: { ...DEFAULT_POLICY, attempts: 1 } });
    const { store } = await open({ faults }, {}, tuning);
    expect(await store.put('small', textBody('x'))).toEqual({ bytes: 1 });
    expect(await store.put('large', megabytes(9))).toEqual({ bytes: 9 * MIB });
    expect(await listed(store)).toEqual([`large ${9 * MIB}`, 'small 1']);
  });

  it('that fail always are given up, and leave nothing', async () => {
    const { tuning, waits } = quick();
    const busy = { how: 'busy', times: 99, retryAfter: 7 } as const;
    const { bucket, store } = await open(
      { faults: ['PutObject', 'UploadPart'].map((operation) => ({ operation, ...busy })) },
      {},
      tuning,
    );
    expect(await errorOf(store.put('small', textBody('x')))).toMatchObject({
      code: 'transient',
      retryAfterMs: 7_000,
      message: 'small: the service is too busy (SlowDown 503)',
    });
    expect(waits).toEqual([7_000, 7_000]);
    // The body that hangs is not waited for.
    const body = new Readable({ read() {} });
    for (let index = 0; index < 9; index++) body.push(pattern(index));
    expect(await codeOf(store.put('large', body))).toBe('transient');
    expect(body.destroyed).toBe(true);
    expect(await server.uploads(bucket)).toEqual([]);
  });

  it('that read are tried once each, and what reads on goes on', async () => {
    const { tuning } = quick({ stallMs: 400 });
    const { bucket, store } = await open(
      {
        faults: [
          { operation: 'GetObject', how: 'busy', times: 1 },
          { operation: 'GetObject', how: 'cut', times: 1 },
          { operation: 'GetObject', how: 'hang', times: 1 },
        ],
      },
      {},
      tuning,
    );
    await store.put('a', Readable.from([pattern(1), pattern(2), pattern(3)]));
    expect(await codeOf(store.get('a'))).toBe('transient');
    const read: Buffer[] = [];
    for await (const chunk of await patient(store, tuning).get('a')) read.push(chunk as Buffer);
    expect(Buffer.concat(read).equals(Buffer.concat([pattern(1), pattern(2), pattern(3)]))).toBe(true);
    const gets = (await server.seen(bucket)).filter(({ operation }) => operation === 'GetObject');
    expect(gets.length).toBe(4);
    expect(
      gets.slice(2).every(({ headers }) => /^bytes=[1-9]\d*-3145727$/.test(headers['range'] ?? '')),
    ).toBe(true);
  });

  it.each(CALLS)('that are not answered are given up: %s', async (name, call) => {
    const operation = {
      put: 'PutObject',
      get: 'GetObject',
      stat: 'HeadObject',
      list: 'ListObjectsV2',
      remove: 'DeleteObject',
    }[name];
    const { tuning } = quick({ stallMs: 300 });
    const { bucket, store } = await open(
      { faults: [{ operation: operation ?? '', how: 'stall', times: 1 }] },
      {},
      tuning,
    );
    const asked = Date.now();
    const result = await call(store).then(
      () => 'done',
      (error: unknown) => (error instanceof StoreError ? error.code : String(error)),
    );
    expect(Date.now() - asked).toBeGreaterThanOrEqual(290);
    // A write is repeated where it is made, whatever else by who asks.
    expect(result).toBe(name === 'put' ? 'done' : 'transient');
    expect((await server.operations(bucket)).filter((seen) => seen === operation)).toHaveLength(
      name === 'put' ? 2 : 1,
    );
  });

  it('that stall in the midst of a large file are repeated', async () => {
    const { tuning } = quick({ stallMs: 500 });
    const { store } = await open(
      { faults: [{ operation: 'UploadPart', how: 'stall', times: 2 }] },
      {},
      tuning,
    );
    expect(await store.put('large', megabytes(20))).toEqual({ bytes: 20 * MIB });
    expect(await store.stat('large')).toEqual({ name: 'large', bytes: 20 * MIB });
  });

  it('of a slow reader are not given up', async () => {
    const { tuning } = quick({ stallMs: 500 });
    const { bucket, store } = await open({}, {}, tuning);
    await store.put('a', megabytes(8));
    let bytes = 0;
    for await (const chunk of await patient(store, tuning).get('a')) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 1_500));
      bytes += (chunk as Buffer).length;
    }
    expect(bytes).toBe(8 * MIB);
    expect((await server.operations(bucket)).filter((operation) => operation === 'GetObject')).toHaveLength(
      1,
    );
  });
});

describe('other services', () => {
  it.each(['ignored', 'refused'] as const)(
    'whose conditional writes are %s overwrite nothing either',
    async (conditional) => {
      const { store } = await open({ conditional });
      await store.put('small', textBody('first'));
      await store.put('large', megabytes(9));
      expect(await codeOf(store.put('small', textBody('second')))).toBe('exists');
      expect(await codeOf(store.put('large', megabytes(10)))).toBe('exists');
      expect(await textOf(await store.get('small'))).toBe('first');
      expect(await listed(store)).toEqual([`large ${9 * MIB}`, 'small 5']);
    },
  );

  it('without conditional writes lose no file whose answer was lost', async () => {
    const { store } = await open({
      conditional: 'ignored',
      faults: [
        { operation: 'PutObject', how: 'lost', times: 1 },
        { operation: 'CompleteMultipartUpload', how: 'lost', times: 1 },
      ],
    });
    expect(await store.put('small', textBody('x'))).toEqual({ bytes: 1 });
    expect(await store.put('large', megabytes(9))).toEqual({ bytes: 9 * MIB });
  });

  it.each(['ignored', 'refused'] as const)(
    'whose checksums are %s are sent none in the end',
    async (checksums) => {
      const { bucket, store } = await open({ checksums });
      await store.put('small', textBody('x'));
      await store.put('large', megabytes(9));
      expect(await listed(store)).toEqual([`large ${9 * MIB}`, 'small 1']);
      const refused = (await server.seen(bucket)).filter(({ headers }) => 'x-amz-checksum-crc32' in headers);
      expect(refused.length).toBe(checksums === 'refused' ? 1 : 3);
    },
  );
});

describe('where no endpoint is named, as at Amazon', () => {
  const AMAZON = { AWS_ENDPOINT: null, AWS_USE_PATH_STYLE: 'true', AWS_REGION: 'us-east-1' };
  // What the SDK takes in place of Amazon's: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
  const VARIABLE = 'AWS_ENDPOINT_URL_S3';
  const before = process.env[VARIABLE];
  beforeEach(() => {
    process.env[VARIABLE] = `http://127.0.0.1:${server.port}`;
  });
  afterEach(() => {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  });

  it('a small file is one request, and its condition alone keeps what is there', async () => {
    const { bucket, store } = await open({}, AMAZON);
    await store.put('a', textBody('first'));
    expect(await server.operations(bucket)).toEqual(['PutObject']);
    expect(await codeOf(store.put('a', textBody('second')))).toBe('exists');
    expect(await textOf(await store.get('a'))).toBe('first');
  });

  it.each([
    ['lost', 1],
    ['conflict', 2],
  ] as const)('a file is known as our own whatever became of the answer: %s', async (how, times) => {
    const { bucket, store } = await open(
      {
        faults: ['PutObject', 'CompleteMultipartUpload'].map((operation) => ({ operation, how, times })),
      },
      AMAZON,
    );
    expect(await store.put('small', textBody('x'))).toEqual({ bytes: 1 });
    expect(await store.put('large', megabytes(9))).toEqual({ bytes: 9 * MIB });
    expect(await listed(store)).toEqual([`large ${9 * MIB}`, 'small 1']);
    expect(await server.uploads(bucket)).toEqual([]);
  });

  it('one of many writers of a large file wins, and the others leave nothing', async () => {
    const { bucket, store } = await open({}, AMAZON);
    const results = await Promise.all(
      Array.from({ length: 4 }, () =>
        store.put('a', megabytes(9)).then(
          () => 'written',
          (error: unknown) => (error instanceof StoreError ? error.code : String(error)),
        ),
      ),
    );
    expect(results.sort()).toEqual(['exists', 'exists', 'exists', 'written']);
    expect(await server.uploads(bucket)).toEqual([]);
  });
});
