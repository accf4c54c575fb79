import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors.ts';
import { type AzureServer, startAzure } from './server.ts';
import {
  bodyOf,
  EAGER,
  errorOf,
  IMPATIENT,
  isGet,
  isHead,
  isList,
  locationOf,
  openAzure,
  Road,
  shaOf,
  STALL_MS,
  uncommitted,
  urlOf,
} from './testing.ts';
import { azureStore } from './store.ts';
import { storeConformance } from '../conformance.ts';
import { patient } from '../patient.ts';
import type { Store } from '../store.ts';
import { codeOf, listed, textBody, textOf } from '../testing.ts';
import { DEFAULT_TUNING } from '../tuning.ts';

const MIB = 1024 * 1024;

let azure: AzureServer;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.stop());

storeConformance('azure', {
  bufferMib: 48,
  async open() {
    const container = await azure.container();
    const opening = { container: container.containerName };
    return {
      store: openAzure(azure, opening, DEFAULT_TUNING),
      url: urlOf(azure, opening),
      reopen: async () => openAzure(azure, opening, DEFAULT_TUNING),
      leftovers: () => uncommitted(container),
      settled: () => azure.quiet(),
      cleanup: async () => void (await container.delete()),
    };
  },
});

describe('a location of Azure', () => {
  it.each([
    ['azure://c12/p?AZURE_ACCOUNT_NAME=acmeco', 'azure uri missing "AZURE_ACCOUNT_KEY" parameter'],
    ['azure://c12/p', 'azure uri missing "AZURE_ACCOUNT_NAME" parameter'],
  ])('%j is no store: %s', (url, words) => {
    const opening = () => azureStore(locationOf(url), EAGER);
    expect(opening).toThrow(HoldfastError);
    expect(opening).toThrow(
      expect.objectContaining({ code: 'location-invalid', field: 'destination', message: words }),
    );
  });
});

describe('azure', () => {
  let container: ContainerClient;
  let road: Road;
  let store: Store;
  beforeEach(async () => {
    container = await azure.container();
    road = await Road.to(azure);
    store = openAzure(azure, { container: container.containerName, endpoint: road.endpoint });
  });
  afterEach(async () => {
    await store.close();
    await road.close();
    await container.delete();
  });
  const impatient = (): Store =>
    openAzure(azure, { container: container.containerName, endpoint: road.endpoint }, IMPATIENT);

  it('says how long the service wants to be left alone', async () => {
    road.befall({ kind: 'answer', status: 503, retryAfterSeconds: 7 }, isHead);
    expect(await errorOf(store.stat('file'))).toMatchObject({ code: 'transient', retryAfterMs: 7000 });
  });

  it('gives up an answer that does not come', async () => {
    const one = impatient();
    await one.put('file', textBody('x'));
    road.befall({ kind: 'stall', where: 'response', after: 0 }, isHead);
    expect(await errorOf(one.stat('file'))).toMatchObject({
      code: 'transient',
      message: 'file: it does not answer (ETIMEDOUT)',
    });
    road.befall({ kind: 'stall', where: 'response', after: 100 }, isList);
    expect(await codeOf(listed(one))).toBe('transient');
    // A connection that was kept is used for longer than it was idle.
    await sleep(STALL_MS / 2);
    expect(await one.stat('file')).toEqual({ name: 'file', bytes: 1 });
    await one.close();
  });

  it.each(['stall', 'reset'] as const)('reads on where a read ended by a %s', async (kind) => {
    const one = patient(impatient(), IMPATIENT);
    await one.put('file', bodyOf(20));
    road.befall({ kind, where: 'response', after: 3 * MIB }, isGet, 2);
    expect(await shaOf(await one.get('file'))).toBe(await shaOf(bodyOf(20)));
    expect(road.count(isGet)).toBeGreaterThanOrEqual(3);
    await one.close();
  });

  it('takes no slow reader for a stall', async () => {
    const one = impatient();
    await one.put('file', bodyOf(20));
    let bytes = 0;
    for await (const chunk of await one.get('file')) {
      if (bytes === 0) await sleep(1.5 * STALL_MS);
      bytes += (chunk as Buffer).length;
    }
    expect(bytes).toBe(20 * MIB + 1);
    expect(road.count(isGet)).toBe(1);
    await one.close();
  });

  it('refuses what is no range, and what is outside of the file', async () => {
    await store.put('file', textBody('0123456789'));
    for (const [start, end] of [
      [10, 12],
      [11, 12],
      [-1, 2],
      [0.5, 2],
    ] as const)
      expect(await codeOf(store.get('file', { start, end }))).toBe('failed');
  });

  it('lists in pages, and asks for a later one again', { timeout: 60_000 }, async () => {
    const names = Array.from({ length: 1_010 }, (_, index) => `f${String(index).padStart(4, '0')}`);
    for (let first = 0; first < names.length; first += 50)
      await Promise.all(
        names
          .slice(first, first + 50)
          .map((name) => container.getBlockBlobClient(`nightly/bank/${name}`).upload('', 0)),
      );
    road.befall({ kind: 'answer', status: 503 }, ({ query }) => query.has('marker'));
    expect(await listed(store)).toEqual(names.map((name) => `${name} 0`));
    expect(road.count(isList)).toBe(3);
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
    'A\u030a and \u00c5',
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
    expect(road.operations).toEqual([]);
  });

  it('removes what has snapshots', async () => {
    await store.put('file', textBody('x'));
    await container.getBlobClient('nightly/bank/file').createSnapshot();
    await store.remove('file');
    expect(await listed(store)).toEqual([]);
  });

  it('drops blocks that another program left, which no file could be made beside', async () => {
    const blob = container.getBlockBlobClient('nightly/bank/file');
    await blob.stageBlock(Buffer.from('another length').toString('base64'), 'xx', 2);
    expect(await uncommitted(container)).toEqual(['nightly/bank/file']);
    expect(await errorOf(store.put('file', bodyOf(9)))).toMatchObject({
      code: 'failed',
      message: expect.stringContaining("another program's unfinished upload"),
    });
    expect(await uncommitted(container)).toEqual(['nightly/bank/file']);
    await store.remove('file');
    expect(await uncommitted(container)).toEqual([]);
  });

  it('keeps connections for what comes next, and closes them', async () => {
    const server = createServer((_request, response) =>
      response.writeHead(404, { 'content-length': 0 }).end(),
    );
    let [opened, open] = [0, 0];
    server.on('connection', (socket) => {
      opened++;
      open++;
      socket.on('close', () => open--);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const one = openAzure(azure, { container: 'c12', endpoint: `http://127.0.0.1:${port}/x` });
    for (let index = 0; index < 10; index++) expect(await codeOf(one.stat('file'))).toBe('not-found');
    // An answer to HEAD is there a moment before its connection is free again.
    expect(opened).toBeLessThanOrEqual(2);
    expect(open).toBe(opened);
    await one.close();
    while (open > 0) await sleep(5);
    server.close();
  });

  const tokenFor = (permissions: string): string =>
    generateBlobSASQueryParameters(
      {
        containerName: container.containerName,
        permissions: ContainerSASPermissions.parse(permissions),
        expiresOn: new Date(Date.now() + 600_000),
      },
      azure.credential,
    ).toString();
  const openWith = (permissions: string): Store =>
    openAzure(azure, {
      container: container.containerName,
      endpoint: road.endpoint,
      credentials: { AZURE_SAS_TOKEN: tokenFor(permissions) },
    });

  it('does all of it with a SAS token', async () => {
    const sas = openWith('rcwdl');
    await sas.put('file', textBody('x'));
    await sas.put('large', bodyOf(9));
    expect(await listed(sas)).toEqual(['file 1', `large ${9 * MIB + 1}`]);
    expect(await shaOf(await sas.get('large'))).toBe(await shaOf(bodyOf(9)));
    expect(await codeOf(sas.put('file', textBody('y')))).toBe('exists');
    await sas.remove('large');
    expect(await listed(sas)).toEqual(['file 1']);
    await sas.close();
  });

  it('writes with a SAS token that may do no more, and says what it may not', async () => {
    const sas = openWith('cw');
    await sas.put('file', textBody('x'));
    await sas.put('large', bodyOf(9));
    expect(await codeOf(sas.put('file', textBody('y')))).toBe('exists');
    expect(await codeOf(sas.put('large', bodyOf(9)))).toBe('exists');
    expect(await listed(store)).toEqual(['file 1', `large ${9 * MIB + 1}`]);
    for (const [work, right] of [
      [() => sas.get('file'), 'read files: r'],
      [() => sas.stat('file'), 'read files: r'],
      [() => listed(sas), 'list files: l'],
      [() => sas.remove('file'), 'delete files: d'],
    ] as const)
      expect(await errorOf(work())).toMatchObject({
        code: 'denied',
        message: expect.stringContaining(`the SAS token has no right to ${right} (sp=cw)`),
      });
    const readOnly = openWith('rl');
    for (const body of [textBody('x'), bodyOf(9)])
      expect(await errorOf(readOnly.put('new', body))).toMatchObject({
        code: 'denied',
        message: expect.stringContaining('the SAS token has no right to write files: w (sp=rl)'),
      });
    await readOnly.close();
    await sas.close();
  });
});
