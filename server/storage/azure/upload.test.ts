import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../testing/fault-proxy.ts';
import { blockBytes, BlockIds, ByteSource } from './blocks.ts';
import { type AzureServer, startAzure } from './server.ts';
import {
  bodyOf,
  errorOf,
  IMPATIENT,
  isBlock,
  isCommit,
  isPut,
  openAzure,
  type Operation,
  Road,
  shaOf,
  uncommitted,
} from './testing.ts';
import type { Store } from '../store.ts';
import { codeOf, listed, pattern, textBody, textOf } from '../testing.ts';
import { DEFAULT_TUNING } from '../tuning.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe('blocks', () => {
  it.each([undefined, 0, 1, 80 * GIB, 400 * GIB, 5 * 1024 * GIB, 180 * 1024 * GIB])(
    'hold a file of about %s bytes, and more',
    (bytes) => {
      const block = blockBytes(bytes);
      expect(block).toBeGreaterThanOrEqual(8 * MIB);
      expect(block).toBeLessThanOrEqual(4000 * MIB);
      expect(block * 50_000).toBeGreaterThanOrEqual((bytes ?? 80 * GIB) * 1.05);
    },
  );

  it('are small unless the file is large', () => {
    expect(blockBytes(300 * GIB)).toBe(8 * MIB);
    expect(blockBytes(5 * 1024 * GIB)).toBe(132 * MIB);
  });

  it('have ids of one length that no other upload has', () => {
    const [ids, others] = [new BlockIds(), new BlockIds()];
    const all = [ids.at(0), ids.at(9), ids.at(49_999), others.at(0)].map((id) => id ?? '');
    expect(new Set(all.map((id) => id.length)).size).toBe(1);
    expect(Buffer.from(all[0] ?? '', 'base64').length).toBeLessThanOrEqual(64);
    expect(all.map((id) => ids.has(id))).toEqual([true, true, true, false]);
    expect(ids.at(50_000)).toBeNull();
  });

  it.each([[[10]], [[1, 0, 9]], [[4, 4, 2]], [[3, 3, 3, 1]], [[8]], [[0, 0]], [[3]], [[2, 2]]])(
    'are filled from chunks of %j bytes',
    async (sizes) => {
      const chunks = sizes.map((size, index) => Buffer.alloc(size, `${index}`));
      const whole = Buffer.concat(chunks);
      const source = new ByteSource(Readable.from(chunks));
      expect(await source.all(3)).toEqual(whole.length <= 3 ? whole : null);
      if (whole.length <= 3) return;
      const got: Buffer[] = [];
      const hash = createHash('md5');
      for (let filled = 4; filled === 4;) {
        const buffer = Buffer.alloc(4);
        filled = await source.fill(buffer, hash);
        got.push(buffer.subarray(0, filled));
      }
      expect(Buffer.concat(got)).toEqual(whole);
      expect(hash.digest()).toEqual(createHash('md5').update(whole).digest());
    },
  );
});

describe('an upload to Azure', { timeout: 60_000 }, () => {
  let azure: AzureServer;
  let container: ContainerClient;
  let road: Road;
  let store: Store;
  /** Another process, on a road where nothing goes wrong. */
  let other: Store;
  beforeAll(async () => {
    azure = await startAzure();
  });
  afterAll(() => azure.stop());
  beforeEach(async () => {
    container = await azure.container();
    road = await Road.to(azure);
    store = openAzure(azure, { container: container.containerName, endpoint: road.endpoint });
    other = openAzure(azure, { container: container.containerName });
  });
  afterEach(async () => {
    await store.close();
    await other.close();
    await road.close();
    await container.delete();
  });
  const blob = () => container.getBlockBlobClient('nightly/bank/file');
  /** Once there are so many uncommitted blocks of the file. */
  const staged = async (blocks: number): Promise<void> => {
    for (;;) {
      const list = await blob()
        .getBlockList('uncommitted')
        .catch(() => null);
      if ((list?.uncommittedBlocks?.length ?? 0) >= blocks) return;
      await sleep(10);
    }
  };

  it('is one request for a small file, blocks and one more for a large one', async () => {
    await store.put('small', textBody('x'));
    expect(road.operations.map(({ method, comp }) => [method, comp])).toEqual([['PUT', '']]);
    expect(await store.put('file', bodyOf(20))).toEqual({ bytes: 20 * MIB + 1 });
    expect([road.count(isBlock), road.count(isCommit)]).toEqual([3, 1]);
    expect(await shaOf(await store.get('file'))).toBe(await shaOf(bodyOf(20)));
    const { committedBlocks } = await blob().getBlockList('committed');
    expect(committedBlocks?.map(({ size }) => size)).toEqual([8 * MIB, 8 * MIB, 4 * MIB + 1]);
  });

  it.each([
    ['8 MiB', 8 * MIB, [0, 0]],
    ['a byte more', 8 * MIB + 1, [2, 1]],
    ['16 MiB', 16 * MIB, [2, 1]],
  ])('takes %s', async (_what, bytes, requests) => {
    const body = randomBytes(bytes);
    expect(await store.put('file', Readable.from([body]))).toEqual({ bytes });
    expect([road.count(isBlock), road.count(isCommit)]).toEqual(requests);
    expect(await shaOf(await store.get('file'))).toBe(createHash('sha256').update(body).digest('hex'));
  });

  it('has larger blocks for a file that is expected to be large', async () => {
    await store.put('file', bodyOf(20), { expectedBytes: 600 * GIB });
    expect(road.count(isBlock)).toBe(2);
    expect(await shaOf(await store.get('file'))).toBe(await shaOf(bodyOf(20)));
  });

  it('sends no gigabytes to a name that is taken', async () => {
    await store.put('file', textBody('x'));
    expect(await codeOf(store.put('file', bodyOf(20)))).toBe('exists');
    expect(road.count(isBlock)).toBe(0);
  });

  const BUSY: Fault = { kind: 'answer', status: 503 };
  const CASES: [string, Fault][] = [
    ['is too busy', BUSY],
    ['has an error', { kind: 'answer', status: 500 }],
    ['breaks off', { kind: 'reset', where: 'request', after: 100_000 }],
    ['gets it damaged', { kind: 'corrupt', where: 'request', after: 2 }],
    ['loses its answer', { kind: 'lost-answer' }],
  ];

  it.each(CASES)('sends a block again when the service %s', async (_what, fault) => {
    road.befall(fault, isBlock, 2);
    await store.put('file', bodyOf(20));
    expect(road.count(isBlock)).toBe(5);
    expect(await shaOf(await store.get('file'))).toBe(await shaOf(bodyOf(20)));
    expect(await uncommitted(container)).toEqual([]);
  });

  it.each(CASES)('sends a small file again when the service %s', async (_what, fault) => {
    road.befall(fault, isPut);
    await store.put('file', textBody('hello'));
    expect(road.count(isPut)).toBe(2);
    expect(await textOf(await store.get('file'))).toBe('hello');
  });

  it.each(CASES.filter(([, { kind }]) => kind !== 'corrupt'))(
    'makes the file of its blocks again when the service %s',
    async (_what, fault) => {
      road.befall(fault.kind === 'reset' ? { ...fault, after: 10 } : fault, isCommit);
      expect(await store.put('file', bodyOf(9))).toEqual({ bytes: 9 * MIB + 1 });
      expect(road.count(isCommit)).toBe(2);
      expect(await shaOf(await store.get('file'))).toBe(await shaOf(bodyOf(9)));
    },
  );

  it('gives up after as many attempts as it has, and leaves nothing', async () => {
    road.befall(BUSY, isCommit, Infinity);
    expect(await errorOf(store.put('file', bodyOf(9)))).toMatchObject({ code: 'transient', file: 'file' });
    expect(road.count(isCommit)).toBe(6);
    expect(await listed(store)).toEqual([]);
    expect(await uncommitted(container)).toEqual([]);
  });

  it('gives up a block that stands still, and sends it again', async () => {
    const one = openAzure(azure, { container: container.containerName, endpoint: road.endpoint }, IMPATIENT);
    road.befall({ kind: 'stall', where: 'request', after: 100_000 }, isBlock, 2);
    await one.put('file', bodyOf(20));
    expect(road.count(isBlock)).toBeGreaterThanOrEqual(5);
    expect(await shaOf(await one.get('file'))).toBe(await shaOf(bodyOf(20)));
    await one.close();
  });

  it('tells another’s small file from its own when an answer was lost', async () => {
    await other.put('file', textBody('theirs'));
    road.befall({ kind: 'lost-answer' }, isPut);
    expect(await codeOf(store.put('file', textBody('ours')))).toBe('exists');
    expect(road.count(isPut)).toBe(2);
    expect(await textOf(await other.get('file'))).toBe('theirs');
  });

  it.each<[string, number, Fault | null]>([
    ['', 1, null],
    [', also when an answer was lost', 2, { kind: 'lost-answer' }],
  ])('tells another’s large file from its own%s', async (_what, commits, fault) => {
    async function* body(): AsyncGenerator<Buffer> {
      for (let index = 0; index < 17; index++) yield pattern(index);
      await staged(2);
      // Their commit drops the blocks of everyone else.
      await other.put('file', bodyOf(10));
    }
    road.befall(fault, isCommit);
    expect(await codeOf(store.put('file', Readable.from(body())))).toBe('exists');
    expect(road.count(isCommit)).toBe(commits);
    expect(await shaOf(await other.get('file'))).toBe(await shaOf(bodyOf(10)));
  });

  it('lets one of many writers of a large file win', async () => {
    const results = await Promise.allSettled(
      [9, 10, 11, 12].map((mib, index) => (index % 2 === 0 ? store : other).put('file', bodyOf(mib))),
    );
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.bytes] : []));
    expect(won).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'exists' });
    expect(await store.stat('file')).toEqual({ name: 'file', bytes: won[0] });
    expect(await shaOf(await store.get('file'))).toBe(await shaOf(bodyOf(Math.floor((won[0] ?? 0) / MIB))));
  });

  it('takes back no block of another writer’s', async () => {
    const aborting = new AbortController();
    const aborted = Promise.withResolvers<void>();
    async function* endingAfter(end: Promise<void>): AsyncGenerator<Buffer> {
      for (let index = 0; index < 17; index++) yield pattern(index);
      await end;
      yield Buffer.from('!');
    }
    const theirs = other.put('file', Readable.from(endingAfter(aborted.promise)));
    await staged(2);
    const never = new Promise<void>(() => {});
    const ours = store.put('file', Readable.from(endingAfter(never)), { signal: aborting.signal });
    const code = codeOf(ours);
    await staged(4);
    aborting.abort(new Error('canceled'));
    expect(await code).toBe('failed');
    aborted.resolve();
    expect(await theirs).toEqual({ bytes: 17 * MIB + 1 });
    expect(await shaOf(await other.get('file'))).toBe(await shaOf(bodyOf(17)));
  });

  it('takes back no file of another writer’s, which has no list of blocks', async () => {
    async function* body(): AsyncGenerator<Buffer> {
      for (let index = 0; index < 17; index++) yield pattern(index);
      await staged(2);
      await other.put('file', textBody('theirs'));
      throw new Error('the cluster went away');
    }
    expect(await codeOf(store.put('file', Readable.from(body())))).toBe('failed');
    expect(await textOf(await other.get('file'))).toBe('theirs');
  });

  it('takes back its blocks also while requests are under way', async () => {
    const aborting = new AbortController();
    road.befall({ kind: 'stall', where: 'request', after: 100_000 }, isBlock);
    const code = codeOf(store.put('file', bodyOf(40), { signal: aborting.signal }));
    await staged(1);
    aborting.abort(new Error('canceled'));
    expect(await code).toBe('failed');
    expect(await listed(store)).toEqual([]);
    expect(await uncommitted(container)).toEqual([]);
  });

  it.each<[string, (operation: Operation) => boolean, () => Readable]>([
    ['small', isPut, () => textBody('x')],
    ['large', isCommit, () => bodyOf(9)],
  ])('takes back a %s file that an abort came too late for', async (_what, last, body) => {
    const aborting = new AbortController();
    road.befall({ kind: 'lost-answer' }, (operation) => {
      if (last(operation)) aborting.abort(new Error('canceled'));
      return last(operation);
    });
    expect(await codeOf(store.put('file', body(), { signal: aborting.signal }))).toBe('failed');
    expect(await listed(store)).toEqual([]);
    expect(await uncommitted(container)).toEqual([]);
  });

  it('waits while another writer takes back its blocks', async () => {
    const one = openAzure(azure, { container: container.containerName }, DEFAULT_TUNING);
    const left = new BlockIds().at(0) ?? '';
    await blob().stageBlock(left, 'x', 1);
    const lease = blob().getBlobLeaseClient();
    await lease.acquireLease(15);
    const writing = one.put('file', bodyOf(9));
    await sleep(300);
    await lease.releaseLease();
    expect(await writing).toEqual({ bytes: 9 * MIB + 1 });
    expect(await shaOf(await one.get('file'))).toBe(await shaOf(bodyOf(9)));
    await one.close();
  });

  it('says that the file was removed while it was written', async () => {
    async function* body(): AsyncGenerator<Buffer> {
      for (let index = 0; index < 17; index++) yield pattern(index);
      await staged(2);
      // Which drops the blocks of everyone else.
      await other.put('file', bodyOf(9));
      await other.remove('file');
      yield Buffer.from('!');
    }
    expect(await errorOf(store.put('file', Readable.from(body())))).toMatchObject({
      code: 'transient',
      message: 'file: it was removed while it was written',
    });
    expect(await listed(store)).toEqual([]);
  });
});
