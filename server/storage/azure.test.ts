import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import {
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { blockBytes, BlockIds, ByteSource } from './azure-blocks.ts';
import { azureError } from './azure-errors.ts';
import { type Asked, type Fault, type Faults, startFaults } from './azure-faults.ts';
import { type AzureServer, startAzure } from './azure-server.ts';
import { azureStore } from './azure.ts';
import { storeConformance } from './conformance.ts';
import { parseLocation } from './location.ts';
import type { AzureLocation } from './locations/azure.ts';
import { patient } from './patient.ts';
import type { Store, StoreError } from './store.ts';
import { codeOf, listed, pattern, textBody, textOf } from './testing.ts';
import { DEFAULT_TUNING, type Tuning } from './tuning.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Waits are short, their number is the real one. */
const EAGER: Tuning = {
  ...DEFAULT_TUNING,
  retry: { ...DEFAULT_TUNING.retry, firstWaitMs: 1, longestWaitMs: 5 },
};
/** Gives up what stands still after half a second. */
const STALL_MS = 500;
const IMPATIENT: Tuning = { ...EAGER, stallMs: STALL_MS };

let azure: AzureServer;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.stop());

type Credentials = { AZURE_ACCOUNT_KEY: string } | { AZURE_SAS_TOKEN: string } | { AUTH: 'implicit' };

interface Opening {
  container: string;
  credentials?: Credentials;
  endpoint?: string;
}

function urlOf({ container, credentials, endpoint }: Opening): string {
  const query = new URLSearchParams({
    AZURE_ACCOUNT_NAME: azure.account,
    AZURE_ENDPOINT: endpoint ?? azure.endpoint,
    ...(credentials ?? { AZURE_ACCOUNT_KEY: azure.key }),
  });
  return `azure://${container}/nightly/bank?${query}`;
}

function locationOf(url: string): AzureLocation {
  const location = parseLocation(url);
  if (location.scheme !== 'azure') throw new Error(location.scheme);
  return location;
}

function open(opening: Opening, tuning: Tuning = EAGER): Store {
  return azureStore(locationOf(urlOf(opening)), tuning);
}

/** What nobody sees: blobs of which there are only blocks. */
async function uncommitted(container: ContainerClient): Promise<string[]> {
  const [all, whole]: [string[], Set<string>] = [[], new Set()];
  for await (const { name } of container.listBlobsFlat({ includeUncommitedBlobs: true })) all.push(name);
  for await (const { name } of container.listBlobsFlat()) whole.add(name);
  return all.filter((name) => !whole.has(name));
}

storeConformance('azure', {
  bufferMib: 48,
  async open() {
    const container = await azure.container();
    const url = urlOf({ container: container.containerName });
    const another = () => azureStore(locationOf(url), DEFAULT_TUNING);
    return {
      store: another(),
      url,
      reopen: async () => another(),
      leftovers: () => uncommitted(container),
      cleanup: async () => void (await container.delete()),
    };
  },
});

describe('a location of Azure', () => {
  it.each([
    ['azure://c12/p?AZURE_ACCOUNT_NAME=acmeco', 'azure uri missing "AZURE_ACCOUNT_KEY" parameter'],
    ['azure://c12/p', 'azure uri missing "AZURE_ACCOUNT_NAME" parameter'],
  ])('%j is no store: %s', (url, words) => {
    expect(() => azureStore(locationOf(url), EAGER)).toThrow(HoldfastError);
    expect(() => azureStore(locationOf(url), EAGER)).toThrow(
      expect.objectContaining({ code: 'location-invalid', field: 'destination', message: words }),
    );
  });
});

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

  it('are filled whatever the body comes in', async () => {
    for (const sizes of [[10], [1, 0, 9], [4, 4, 2], [3, 3, 3, 1], [0, 0]]) {
      const body = sizes.map((size, index) => Buffer.alloc(size, `${index}`));
      const whole = Buffer.concat(body);
      const source = new ByteSource(Readable.from(body));
      expect(await source.all(3)).toEqual(whole.length <= 3 ? whole : null);
      const got: Buffer[] = [];
      const hash = createHash('md5');
      for (let filled = 4; filled === 4;) {
        const buffer = Buffer.alloc(4);
        filled = await source.fill(buffer, hash);
        got.push(buffer.subarray(0, filled));
      }
      if (whole.length > 3) expect(Buffer.concat(got)).toEqual(whole);
      if (whole.length > 3) expect(hash.digest()).toEqual(createHash('md5').update(whole).digest());
    }
  });
});

describe('azure', () => {
  let container: ContainerClient;
  let faults: Faults;
  let store: Store;
  const through = (credentials?: Credentials): Opening => ({
    container: container.containerName,
    endpoint: `http://127.0.0.1:${faults.port}/${azure.account}`,
    ...(credentials === undefined ? {} : { credentials }),
  });
  /** The first so many requests that it is about meet with that. */
  const befall = (fault: Fault, about: (asked: Asked) => boolean, times = 1): void => {
    let left = times;
    faults.decide = (asked) => (about(asked) && left-- > 0 ? fault : undefined);
  };
  const count = (about: (asked: Asked) => boolean): number => faults.asked.filter(about).length;
  beforeEach(async () => {
    container = await azure.container();
    faults = await startFaults(Number(new URL(azure.endpoint).port));
    store = open(through());
  });
  afterEach(async () => {
    await store.close();
    await faults.stop();
    await container.delete();
  });

  const isPut = ({ method, comp }: Asked) => method === 'PUT' && comp === null;
  const isBlock = ({ comp }: Asked) => comp === 'block';
  const isCommit = ({ comp, method }: Asked) => comp === 'blocklist' && method === 'PUT';
  const isGet = ({ method, comp }: Asked) => method === 'GET' && comp === null;
  const isHead = ({ method }: Asked) => method === 'HEAD';
  const isList = ({ comp }: Asked) => comp === 'list';

  /** Of so many MiB and a byte, in pieces of one. */
  const bodyOf = (mib: number): Readable =>
    Readable.from([...Array.from({ length: mib }, (_, index) => pattern(index)), Buffer.from('!')]);
  const sha = async (body: Readable): Promise<string> => {
    const hash = createHash('sha256');
    for await (const chunk of body) hash.update(chunk as Buffer);
    return hash.digest('hex');
  };
  const errorOf = async (work: Promise<unknown>): Promise<StoreError> =>
    work.then(
      () => {
        throw new Error('it did not fail');
      },
      (error: unknown) => error as StoreError,
    );

  it('writes a small file by one request, a large one by blocks', async () => {
    await store.put('small', textBody('x'));
    expect(faults.asked.map(({ method, comp }) => `${method} ${comp}`)).toEqual(['PUT null']);
    expect(await store.put('large', bodyOf(20))).toEqual({ bytes: 20 * MIB + 1 });
    expect([count(isBlock), count(isCommit)]).toEqual([3, 1]);
    expect(await sha(await store.get('large'))).toBe(await sha(bodyOf(20)));
    const { committedBlocks } = await container
      .getBlockBlobClient('nightly/bank/large')
      .getBlockList('committed');
    expect(committedBlocks?.map(({ size }) => size)).toEqual([8 * MIB, 8 * MIB, 4 * MIB + 1]);
  });

  it.each([
    ['8 MiB, which are one request', 8 * MIB, [0, 0]],
    ['one byte more', 8 * MIB + 1, [2, 1]],
    ['two whole blocks', 16 * MIB, [2, 1]],
  ])('takes %s', async (_what, bytes, requests) => {
    const body = randomBytes(bytes);
    expect(await store.put('file', Readable.from([body]))).toEqual({ bytes });
    expect([count(isBlock), count(isCommit)]).toEqual(requests);
    expect(await sha(await store.get('file'))).toBe(createHash('sha256').update(body).digest('hex'));
  });

  it('has larger blocks for a file that is expected to be large', async () => {
    await store.put('file', bodyOf(20), { expectedBytes: 400_000 * 2 * MIB });
    expect(count(isBlock)).toBe(2);
    expect(await sha(await store.get('file'))).toBe(await sha(bodyOf(20)));
  });

  it('sends no gigabytes to a name that is taken', async () => {
    await store.put('file', textBody('x'));
    expect(await codeOf(store.put('file', bodyOf(20)))).toBe('exists');
    expect(count(isBlock)).toBe(0);
  });

  const BUSY: Fault = { kind: 'answer', status: 503, code: 'ServerBusy' };
  it.each<[string, Fault]>([
    ['is too busy', BUSY],
    ['has an error', { kind: 'answer', status: 500, code: 'InternalError' }],
    ['breaks off', { kind: 'reset' }],
    ['gets it damaged', { kind: 'damage' }],
    ['loses its answer', { kind: 'lose-answer' }],
  ])('sends a block again when the service %s', async (_what, fault) => {
    befall(fault, isBlock, 2);
    await store.put('file', bodyOf(20));
    expect(count(isBlock)).toBe(5);
    expect(await sha(await store.get('file'))).toBe(await sha(bodyOf(20)));
    expect(await uncommitted(container)).toEqual([]);
  });

  it.each<[string, Fault]>([
    ['is too busy', BUSY],
    ['breaks off', { kind: 'reset' }],
    ['gets it damaged', { kind: 'damage' }],
  ])('sends a small file again when the service %s', async (_what, fault) => {
    befall(fault, isPut);
    await store.put('file', textBody('hello'));
    expect(count(isPut)).toBe(2);
    expect(await textOf(await store.get('file'))).toBe('hello');
  });

  it('gives up after as many attempts as it has, and leaves nothing', async () => {
    befall(BUSY, isBlock, Infinity);
    expect(await errorOf(store.put('file', bodyOf(9)))).toMatchObject({
      code: 'transient',
      file: 'file',
      message: expect.stringContaining('too busy'),
    });
    expect(count(isBlock)).toBeLessThanOrEqual(12);
    expect(await listed(store)).toEqual([]);
    expect(await uncommitted(container)).toEqual([]);
  });

  it('says how long the service wants to be left alone', async () => {
    befall({ kind: 'answer', status: 503, code: 'ServerBusy', headers: { 'retry-after': '7' } }, isHead);
    expect(await errorOf(store.stat('file'))).toMatchObject({ code: 'transient', retryAfterMs: 7000 });
  });

  it('does not take its own file for another’s when an answer was lost', async () => {
    befall({ kind: 'lose-answer' }, isPut);
    expect(await store.put('small', textBody('mine'))).toEqual({ bytes: 4 });
    befall({ kind: 'lose-answer' }, isCommit);
    expect(await store.put('large', bodyOf(9))).toEqual({ bytes: 9 * MIB + 1 });
    expect([count(isPut), count(isCommit)]).toEqual([2, 2]);
    expect(await textOf(await store.get('small'))).toBe('mine');
    expect(await sha(await store.get('large'))).toBe(await sha(bodyOf(9)));
  });

  it.each<[string, (asked: Asked) => boolean, () => Readable, () => Readable]>([
    ['small', isPut, () => textBody('mine'), () => textBody('theirs')],
    ['large', isCommit, () => bodyOf(9), () => bodyOf(10)],
  ])('nor another’s for its own: %s', async (_what, last, body, theirs) => {
    const other = open({ container: container.containerName });
    let first = true;
    faults.decide = (asked) => {
      if (!last(asked) || !first) return undefined;
      first = false;
      // While this one is refused, somebody else writes the file.
      return { kind: 'wait', for: other.put('file', theirs()) };
    };
    // The answer to the first attempt never arrives.
    const decide = faults.decide;
    faults.decide = (asked) => {
      const fault = decide(asked);
      return fault === undefined && last(asked) ? { kind: 'lose-answer' } : fault;
    };
    expect(await codeOf(store.put('file', body()))).toBe('exists');
    expect(await sha(await other.get('file'))).toBe(await sha(theirs()));
    await other.close();
  });

  it('takes back its blocks, and those of nobody else', async () => {
    const other = open({ container: container.containerName });
    const aborting = new AbortController();
    let both: () => void = () => {};
    const staged = new Promise<void>((resolve) => (both = resolve));
    async function* slowly(end: Promise<void>): AsyncGenerator<Buffer> {
      for (let index = 0; index < 17; index++) yield pattern(index);
      await end;
      yield Buffer.from('!');
    }
    let finish: () => void = () => {};
    const finishing = new Promise<void>((resolve) => (finish = resolve));
    const theirs = other.put('file', Readable.from(slowly(finishing)));
    const blob = container.getBlockBlobClient('nightly/bank/file');
    const blocks = async (): Promise<number> =>
      blob.getBlockList('uncommitted').then(
        ({ uncommittedBlocks }) => uncommittedBlocks?.length ?? 0,
        () => 0,
      );
    while ((await blocks()) < 2) await sleep(10);
    const ours = codeOf(store.put('file', Readable.from(slowly(staged)), { signal: aborting.signal }));
    while ((await blocks()) < 4) await sleep(10);
    aborting.abort(new Error('canceled'));
    expect(await ours).toBe('failed');
    finish();
    both();
    expect(await theirs).toEqual({ bytes: 17 * MIB + 1 });
    expect(await sha(await other.get('file'))).toBe(await sha(bodyOf(17)));
    await other.close();
  });

  it('never takes back a small file of another’s with its blocks', async () => {
    const other = open({ container: container.containerName });
    async function* body(): AsyncGenerator<Buffer> {
      for (let index = 0; index < 9; index++) yield pattern(index);
      // Azurite takes a name with blocks for taken, for a Put Blob: there is the file, before there are blocks.
      await other.put('file', textBody('theirs'));
      for (let index = 0; index < 9; index++) yield pattern(index);
      throw new Error('the cluster went away');
    }
    befall({ kind: 'wait', for: sleep(200) }, isBlock, Infinity);
    expect(await codeOf(store.put('file', Readable.from(body())))).toBe('failed');
    expect(await textOf(await other.get('file'))).toBe('theirs');
    await other.close();
  });

  it('takes back what an abort came too late for', async () => {
    const aborting = new AbortController();
    befall({ kind: 'lose-answer' }, isPut);
    const decide = faults.decide;
    faults.decide = (asked) => {
      if (isPut(asked)) aborting.abort(new Error('canceled'));
      return decide(asked);
    };
    expect(await codeOf(store.put('file', textBody('x'), { signal: aborting.signal }))).toBe('failed');
    expect(await listed(store)).toEqual([]);
  });

  it('says that a file was removed while it was written', async () => {
    const other = open({ container: container.containerName });
    async function* body(): AsyncGenerator<Buffer> {
      for (let index = 0; index < 17; index++) yield pattern(index);
      while ((await uncommitted(container)).length === 0) await sleep(10);
      await sleep(100);
      await other.remove('file');
      yield Buffer.from('!');
    }
    befall({ kind: 'answer', status: 400, code: 'InvalidBlockList' }, isCommit);
    expect(await codeOf(store.put('file', Readable.from(body())))).toBe('transient');
    expect(await listed(store)).toEqual([]);
    await other.close();
  });

  it('gives up an upload that stands still', async () => {
    const impatient = open(through(), IMPATIENT);
    befall({ kind: 'hang' }, isBlock, 2);
    await impatient.put('file', bodyOf(20));
    expect(count(isBlock)).toBe(5);
    expect(await sha(await impatient.get('file'))).toBe(await sha(bodyOf(20)));
    await impatient.close();
  });

  it('gives up an answer that does not come', async () => {
    const impatient = open(through(), IMPATIENT);
    await impatient.put('file', textBody('x'));
    befall({ kind: 'hang' }, isHead);
    expect(await errorOf(impatient.stat('file'))).toMatchObject({
      code: 'transient',
      message: 'file: it does not answer (ETIMEDOUT)',
    });
    befall({ kind: 'stop-body', after: 100, broken: false }, isList);
    expect(await codeOf(listed(impatient))).toBe('transient');
    // The connections that hung are gone; the next one is used for longer than one of them was idle.
    await sleep(2 * STALL_MS);
    expect(await impatient.stat('file')).toEqual({ name: 'file', bytes: 1 });
    await impatient.close();
  });

  it.each([true, false])('reads on where a read ended (connection broken: %s)', async (broken) => {
    const reading = patient(open(through(), IMPATIENT), IMPATIENT);
    await reading.put('file', bodyOf(20));
    befall({ kind: 'stop-body', after: 3 * MIB, broken }, isGet, 2);
    expect(await sha(await reading.get('file'))).toBe(await sha(bodyOf(20)));
    expect(count(isGet)).toBe(3);
    await reading.close();
  });

  it('takes no slow reader for a stall', async () => {
    const reading = open(through(), IMPATIENT);
    await reading.put('file', bodyOf(20));
    let bytes = 0;
    for await (const chunk of await reading.get('file')) {
      if (bytes === 0) await sleep(3 * STALL_MS);
      bytes += (chunk as Buffer).length;
    }
    expect(bytes).toBe(20 * MIB + 1);
    expect(count(isGet)).toBe(1);
    await reading.close();
  });

  it('refuses an answer that is not the range', async () => {
    await store.put('file', textBody('0123456789'));
    faults.decide = (asked) => {
      if (isGet(asked)) Object.assign(asked, { ignoreRange: true });
      return undefined;
    };
    expect(await codeOf(store.get('file', { start: 10, end: 12 }))).toBe('failed');
    expect(await codeOf(store.get('file', { start: 11, end: 12 }))).toBe('failed');
    expect(await codeOf(store.get('file', { start: -1, end: 12 }))).toBe('failed');
    expect(await codeOf(store.get('file', { start: 0.5, end: 12 }))).toBe('failed');
  });

  it('lists in pages, and asks for a later one again', async () => {
    const names = Array.from({ length: 1_010 }, (_, index) => `f${String(index).padStart(4, '0')}`);
    for (let first = 0; first < names.length; first += 50)
      await Promise.all(
        names
          .slice(first, first + 50)
          .map((name) => container.getBlockBlobClient(`nightly/bank/${name}`).upload('', 0)),
      );
    befall(BUSY, ({ path }) => path.includes('marker='));
    expect(await listed(store)).toEqual(names.map((name) => `${name} 0`));
    expect(count(isList)).toBe(3);
  });

  it('knows directories of a hierarchical namespace for what they are', async () => {
    await store.put('dir/file', textBody('x'));
    for (const name of ['dir', 'empty'])
      await container
        .getBlockBlobClient(`nightly/bank/${name}`)
        .upload('', 0, { metadata: { hdi_isfolder: 'true' } });
    expect(await listed(store)).toEqual(['dir/file 1']);
    expect(await codeOf(store.stat('dir'))).toBe('not-found');
    expect(await codeOf(store.get('dir'))).toBe('not-found');
  });

  it.each([
    'trailing space ',
    ' leading',
    '007',
    '1e5',
    'true',
    'a&amp;b',
    "<x a='1'>",
    'dots...',
    'ÅÅ\u030a',
  ])('lists the name %j as it is', async (name) => {
    await store.put(name, textBody('x'));
    expect(await listed(store)).toEqual([`${name} 1`]);
    expect(await textOf(await store.get(name))).toBe('x');
  });

  it('refuses names that Azure does not take', async () => {
    const long = Array.from({ length: 5 }, () => 'x'.repeat(210)).join('/');
    const deep = Array.from({ length: 255 }, () => 'd').join('/');
    for (const name of [long, deep]) {
      expect(await codeOf(store.put(name, textBody('x')))).toBe('invalid-name');
      expect(await codeOf(store.get(name))).toBe('invalid-name');
    }
    expect(faults.asked).toEqual([]);
  });

  it('removes what has snapshots', async () => {
    await store.put('file', textBody('x'));
    await container.getBlobClient('nightly/bank/file').createSnapshot();
    await store.remove('file');
    expect(await listed(store)).toEqual([]);
  });

  it('drops blocks that a dead writer left', async () => {
    const blob = container.getBlockBlobClient('nightly/bank/file');
    await blob.stageBlock(Buffer.from('another length').toString('base64'), 'xx', 2);
    expect(await uncommitted(container)).toEqual(['nightly/bank/file']);
    await store.remove('file');
    expect(await uncommitted(container)).toEqual([]);
  });

  it('closes its connections', async () => {
    await store.put('file', textBody('x'));
    await store.stat('file');
    expect(await faults.connections()).toBeGreaterThan(0);
    await store.close();
    while ((await faults.connections()) > 0) await sleep(10);
  });

  it('uses one connection for one thing after another', async () => {
    for (let index = 0; index < 5; index++) await store.stat('missing').catch(() => {});
    expect(await faults.connections()).toBe(1);
  });

  it('says that there is no container', async () => {
    const missing = open({ container: 'no-such-container' });
    for (const [, work] of FIVE)
      expect(await errorOf(work(missing))).toMatchObject({
        code: 'no-container',
        message: expect.stringContaining(`the account ${azure.account} has no container no-such-container`),
      });
    await missing.close();
  });

  const FIVE: [string, (store: Store) => Promise<unknown>][] = [
    ['put', (one) => one.put('new', textBody('x'))],
    ['put in blocks', (one) => one.put('new', bodyOf(9))],
    ['get', async (one) => textOf(await one.get('file'))],
    ['stat', (one) => one.stat('file')],
    ['remove', (one) => one.remove('file')],
    ['list', (one) => listed(one)],
  ];

  const tokenFor = (permissions: string, minutes = 10): string =>
    generateBlobSASQueryParameters(
      {
        containerName: container.containerName,
        permissions: ContainerSASPermissions.parse(permissions),
        startsOn: new Date(Date.now() - 3_600_000),
        expiresOn: new Date(Date.now() + minutes * 60_000),
      },
      azure.credential,
    ).toString();

  it('does all of it with a SAS token', async () => {
    const sas = open(through({ AZURE_SAS_TOKEN: tokenFor('rcwdl') }));
    await sas.put('file', textBody('x'));
    await sas.put('large', bodyOf(9));
    expect(await listed(sas)).toEqual(['file 1', `large ${9 * MIB + 1}`]);
    expect(await sha(await sas.get('large'))).toBe(await sha(bodyOf(9)));
    expect(await codeOf(sas.put('file', textBody('y')))).toBe('exists');
    await sas.remove('large');
    expect(await listed(sas)).toEqual(['file 1']);
    await sas.close();
  });

  it('writes with a SAS token that may do no more', async () => {
    const sas = open(through({ AZURE_SAS_TOKEN: tokenFor('cw') }));
    await sas.put('file', textBody('x'));
    await sas.put('large', bodyOf(9));
    expect(await codeOf(sas.put('file', textBody('y')))).toBe('exists');
    expect(await codeOf(sas.put('large', bodyOf(9)))).toBe('exists');
    expect(await listed(store)).toEqual(['file 1', `large ${9 * MIB + 1}`]);
    for (const [what, right] of [
      ['get', 'read files: r (sp=cw)'],
      ['stat', 'read files: r (sp=cw)'],
      ['list', 'list files: l (sp=cw)'],
      ['remove', 'delete files: d (sp=cw)'],
    ] as const) {
      const work = FIVE.find(([name]) => name === what)?.[1](sas) ?? Promise.resolve();
      expect(await errorOf(work)).toMatchObject({
        code: 'denied',
        message: expect.stringContaining(`the SAS token has no right to ${right}`),
      });
    }
    await sas.close();
  });

  it.each(FIVE)('is denied, and gives nothing away: %s', async (_what, work) => {
    const wrong = randomBytes(64).toString('base64');
    const expired = tokenFor('rcwdl', -5);
    await store.put('file', textBody('x'));
    for (const credentials of [
      { AZURE_ACCOUNT_KEY: wrong },
      { AZURE_SAS_TOKEN: expired },
    ] satisfies Credentials[]) {
      const one = open(through(credentials));
      const error = await errorOf(work(one));
      expect(error).toMatchObject({ name: 'StoreError', code: 'denied', hint: expect.any(String) });
      expectNoSecret(error, [wrong, expired, new URLSearchParams(expired).get('sig') ?? '']);
      await one.close();
    }
    expect(await listed(store)).toEqual(['file 1']);
  });

  it.each(FIVE)('gives nothing away when the connection fails: %s', async (_what, work) => {
    const token = tokenFor('rcwdl');
    await store.put('file', textBody('x'));
    for (const credentials of [
      { AZURE_ACCOUNT_KEY: azure.key },
      { AZURE_SAS_TOKEN: token },
    ] satisfies Credentials[])
      for (const fault of [
        { kind: 'hang' },
        { kind: 'answer', status: 418, code: '&<oddity' },
        { kind: 'answer', status: 400, code: 'NobodyKnows', detail: `signature ${azure.key}` },
      ] satisfies Fault[]) {
        const one = open(through(credentials), { ...IMPATIENT, retry: { ...EAGER.retry, attempts: 1 } });
        befall(fault, () => true, Infinity);
        expectNoSecret(await errorOf(work(one)), [
          azure.key,
          token,
          new URLSearchParams(token).get('sig') ?? '',
        ]);
        await one.close();
      }
    faults.decide = () => undefined;
  });

  function expectNoSecret(error: StoreError, secrets: string[]): void {
    const shown = [
      inspect(error, { depth: Infinity, showHidden: true }),
      error.message,
      error.hint,
      error.stack,
      JSON.stringify(error),
    ].join('\n');
    for (const secret of secrets) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(encodeURIComponent(secret));
    }
    expect(shown).not.toMatch(/SharedKey |authorization:|sig=|Words of the service/i);
  }

  interface Told {
    status: number;
    code: string;
    /** How many minutes ours is ahead of the service's. */
    clock?: number;
    detail?: string;
    what?: string;
    sas?: string;
    told: string;
    as?: string;
  }
  it.each<Told>([
    {
      status: 403,
      code: 'AuthenticationFailed',
      told: 'the account key is none of the account holdfasttest',
    },
    {
      status: 403,
      code: 'AuthenticationFailed',
      clock: 42,
      detail: 'Request date header too old',
      told: 'the clock of this machine is 42 minutes fast',
    },
    { status: 403, code: 'AuthenticationFailed', clock: -90, told: 'is 90 minutes slow' },
    {
      status: 403,
      code: 'AuthenticationFailed',
      sas: 'sv=1&sp=rl&se=2020-02-03T00%3A00%3A00Z&sig=x',
      told: 'the SAS token has expired, on 2020-02-03T00:00:00Z',
    },
    {
      status: 403,
      code: 'AuthenticationFailed',
      sas: 'sv=1&sp=rl&st=2999-02-03&se=2999-03-03&sig=x',
      told: 'the SAS token is not valid before 2999-02-03T00:00:00Z',
    },
    {
      status: 403,
      code: 'AuthenticationFailed',
      sas: 'sv=1&sp=rl&se=2999-03-03&sig=x',
      told: 'the SAS token is not one of the account holdfasttest',
    },
    {
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      sas: 'sv=1&sp=rl&sig=x',
      what: 'put',
      told: 'the SAS token has no right to write files: w (sp=rl)',
    },
    {
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      told: 'the credentials have no right to read files in the container',
    },
    { status: 403, code: 'AuthorizationFailure', told: 'does not let this machine read files' },
    { status: 403, code: 'AuthorizationServiceMismatch', told: 'for other services than Blob' },
    { status: 403, code: 'AuthorizationResourceTypeMismatch', what: 'list', told: 'is not for containers' },
    { status: 403, code: 'AuthorizationProtocolMismatch', told: 'for https only' },
    { status: 403, code: 'AuthorizationSourceIPMismatch', told: 'for other addresses' },
    { status: 403, code: 'KeyBasedAuthenticationNotPermitted', told: 'takes no account keys' },
    { status: 403, code: 'InsufficientAccountPermissions', told: 'no right to read files' },
    { status: 403, code: 'AccountIsDisabled', told: 'the account holdfasttest is disabled' },
    { status: 401, code: 'NoAuthenticationInformation', told: 'were not understood' },
    {
      status: 409,
      code: 'BlobImmutableDueToPolicy',
      what: 'remove',
      told: 'an immutability policy or a legal hold',
    },
    {
      status: 409,
      code: 'BlobImmutableDueToPolicy',
      what: 'put',
      as: 'exists',
      told: 'of that name already',
    },
    {
      status: 403,
      code: 'UnauthorizedBlobOverwrite',
      what: 'put',
      as: 'exists',
      told: 'of that name already',
    },
    { status: 404, code: 'ContainerNotFound', as: 'no-container', told: 'has no container' },
    { status: 409, code: 'ContainerBeingDeleted', as: 'transient', told: 'the container is being deleted' },
    { status: 409, code: 'BlobArchived', as: 'failed', told: 'archive tier' },
    { status: 400, code: 'InvalidResourceName', as: 'invalid-name', told: 'takes no such name' },
    { status: 500, code: 'OperationTimedOut', as: 'transient', told: 'too busy' },
    { status: 412, code: 'LeaseIdMissing', what: 'remove', as: 'transient', told: 'holds a lease' },
    {
      status: 400,
      code: 'InvalidBlobOrBlock',
      what: 'put',
      as: 'failed',
      told: "another program's unfinished",
    },
    { status: 418, code: 'ImATeapot', as: 'failed', told: 'Azure refused it: ImATeapot (HTTP 418)' },
  ])('says what $code means: $told', async ({ status, code, clock = 0, detail, what, sas, told, as }) => {
    const one = open(through(sas === undefined ? undefined : { AZURE_SAS_TOKEN: sas }), {
      ...EAGER,
      retry: { ...EAGER.retry, attempts: 1 },
    });
    faults.decide = ({ path }) =>
      path.includes('marker=')
        ? undefined
        : { kind: 'answer', status, code, ...(headers && { headers }), ...(detail && { detail }) };
    const work = FIVE.find(([name]) => name === (what ?? 'stat'))?.[1] ?? (() => Promise.resolve());
    const error = await errorOf(work(one));
    expect(error).toMatchObject({ code: as ?? 'denied', message: expect.stringContaining(told) });
    faults.decide = () => undefined;
    await one.close();
  });

  it('says that there is no such account', () => {
    const { account, credentials, ...location } = locationOf(
      'azure://c12/p?AZURE_ACCOUNT_NAME=acmeco&AZURE_ACCOUNT_KEY=c2VjcmV0',
    );
    if (account === null || credentials.kind === 'unstated') throw new Error('unstated');
    const request = {
      location: { ...location, account, credentials },
      file: null,
      operation: 'list',
    } as const;
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND acmeco.blob.core.windows.net'), {
      code: 'ENOTFOUND',
    });
    expect(azureError(unknown, request)).toMatchObject({
      code: 'failed',
      message: 'there is no account acmeco: acmeco.blob.core.windows.net has no address (ENOTFOUND)',
      hint: expect.stringContaining('AZURE_ACCOUNT_NAME'),
    });
  });

  it('says that nothing listens', async () => {
    const { port } = faults;
    await faults.stop();
    const nowhere = open({ container: 'c12', endpoint: `http://127.0.0.1:${port}/x` });
    expect(await errorOf(nowhere.stat('file'))).toMatchObject({
      code: 'transient',
      message: 'file: nothing takes connections there (ECONNREFUSED)',
    });
    await nowhere.close();
    faults = await startFaults(Number(new URL(azure.endpoint).port));
  });

  it('needs https for this machine’s identity', async () => {
    const implicit = open(through({ AUTH: 'implicit' }));
    expect(await errorOf(implicit.stat('file'))).toMatchObject({
      code: 'failed',
      message: 'file: AUTH=implicit needs an endpoint of https',
    });
    expect(faults.asked).toEqual([]);
    await implicit.close();
  });
});
