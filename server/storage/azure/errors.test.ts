import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ContainerSASPermissions, generateBlobSASQueryParameters } from '@azure/storage-blob';
import { azureError, type AzureRequest } from './errors.ts';
import { type AzureServer, startAzure } from './server.ts';
import { bodyOf, type Credentials, EAGER, errorOf, IMPATIENT, openAzure } from './testing.ts';
import type { Store, StoreError, StoreErrorCode } from '../store.ts';
import { listed, textBody, textOf } from '../testing.ts';
import type { Tuning } from '../tuning.ts';

/** An answer of the service, as it is documented. */
interface Answer {
  status: number;
  code: string;
  /** How many minutes our clock is ahead of the service's. */
  clock?: number;
  detail?: string;
}

const WORK = {
  put: (store: Store) => store.put('new', textBody('x')),
  putLarge: (store: Store) => store.put('new', bodyOf(9)),
  get: async (store: Store) => textOf(await store.get('file')),
  stat: (store: Store) => store.stat('file'),
  remove: (store: Store) => store.remove('file'),
  list: (store: Store) => listed(store),
};
type Work = keyof typeof WORK;
const EACH = Object.keys(WORK) as Work[];

const ONCE: Tuning = { ...IMPATIENT, retry: { ...EAGER.retry, attempts: 1 } };

let azure: AzureServer;
beforeAll(async () => {
  azure = await startAzure();
});
afterAll(() => azure.stop());

describe('what the service answers', () => {
  let server: Server;
  let answer: Answer;
  let endpoint: string;
  beforeEach(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.once('end', () => {
        const { status, code, clock = 0, detail = '' } = answer;
        response.writeHead(status, {
          date: new Date(Date.now() - clock * 60_000).toUTCString(),
          'content-type': 'application/xml',
          'x-ms-error-code': code,
          'x-ms-request-id': '0b1c2d3e-501e-0012',
        });
        response.end(
          `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>Words of the service.</Message>` +
            `<AuthenticationErrorDetail>${detail}</AuthenticationErrorDetail></Error>`,
        );
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${azure.account}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const failureOf = async (work: Work, credentials?: Credentials): Promise<StoreError> => {
    const store = openAzure(azure, { container: 'nightly', endpoint, credentials }, ONCE);
    const error = await errorOf(WORK[work](store));
    await store.close();
    return error;
  };

  const SAS = 'sv=2024-11-04&sp=rl&sr=c&sig=c2lnbmF0dXJl';
  it.each<Answer & { work?: Work; sas?: string; as?: StoreErrorCode; words: string }>([
    {
      status: 403,
      code: 'AuthenticationFailed',
      words: 'the account key is none of the account holdfasttest',
    },
    {
      status: 403,
      code: 'AuthenticationFailed',
      clock: 42,
      words: 'clock of this machine is 42 minutes fast',
    },
    {
      status: 403,
      code: 'AuthenticationFailed',
      clock: -90,
      words: 'clock of this machine is 90 minutes slow',
    },
    { status: 403, code: 'AuthenticationFailed', clock: 3, words: 'the account key is none of the account' },
    {
      status: 403,
      code: 'AuthenticationFailed',
      sas: `${SAS}&se=2020-02-03T00%3A00%3A00Z`,
      words: 'the SAS token has expired, on 2020-02-03T00:00:00Z',
    },
    {
      status: 403,
      code: 'AuthenticationFailed',
      sas: `${SAS}&st=2999-02-03&se=2999-03-03`,
      words: 'the SAS token is not valid before 2999-02-03T00:00:00Z',
    },
    {
      status: 403,
      code: 'AuthenticationFailed',
      sas: `${SAS}&se=2999-03-03`,
      words: 'the SAS token is not one of the account holdfasttest',
    },
    {
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      sas: SAS,
      work: 'put',
      words: 'the SAS token has no right to write files: w (sp=rl)',
    },
    {
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      words: 'the credentials have no right to read files in the container nightly',
    },
    { status: 403, code: 'AuthorizationFailure', words: 'does not let this machine read files' },
    { status: 403, code: 'AuthorizationServiceMismatch', words: 'for other services than Blob' },
    { status: 403, code: 'AuthorizationResourceTypeMismatch', work: 'list', words: 'is not for containers' },
    { status: 403, code: 'AuthorizationProtocolMismatch', words: 'for https only' },
    { status: 403, code: 'AuthorizationSourceIPMismatch', words: 'for other addresses' },
    { status: 403, code: 'KeyBasedAuthenticationNotPermitted', words: 'takes no account keys' },
    { status: 403, code: 'InsufficientAccountPermissions', words: 'no right to read files' },
    { status: 403, code: 'AccountIsDisabled', words: 'the account holdfasttest is disabled' },
    { status: 401, code: 'NoAuthenticationInformation', words: 'the credentials were not understood' },
    { status: 409, code: 'BlobImmutableDueToPolicy', work: 'remove', words: 'an immutability policy' },
    {
      status: 409,
      code: 'BlobImmutableDueToPolicy',
      work: 'put',
      as: 'exists',
      words: 'of that name already',
    },
    {
      status: 403,
      code: 'UnauthorizedBlobOverwrite',
      work: 'put',
      as: 'exists',
      words: 'of that name already',
    },
    { status: 404, code: 'ContainerNotFound', as: 'no-container', words: 'has no container nightly' },
    { status: 409, code: 'ContainerBeingDeleted', as: 'transient', words: 'the container is being deleted' },
    { status: 409, code: 'BlobArchived', as: 'failed', words: 'archive tier' },
    { status: 400, code: 'InvalidResourceName', as: 'invalid-name', words: 'takes no such name' },
    { status: 500, code: 'OperationTimedOut', as: 'transient', words: 'too busy' },
    { status: 412, code: 'LeaseIdMissing', work: 'remove', as: 'transient', words: 'holds a lease' },
    { status: 307, code: 'Elsewhere', as: 'failed', words: 'Azure refused it: Elsewhere (HTTP 307)' },
    { status: 418, code: 'ImATeapot', as: 'failed', words: 'Azure refused it: ImATeapot (HTTP 418)' },
    { status: 503, code: 'odd &amp; long', as: 'transient', words: 'Azure refused it (HTTP 503)' },
  ])('$status $code: $words', async ({ work, sas, as, words, ...said }) => {
    answer = said;
    const credentials = sas === undefined ? undefined : { AZURE_SAS_TOKEN: sas };
    expect(await failureOf(work ?? 'stat', credentials)).toMatchObject({
      code: as ?? 'denied',
      message: expect.stringContaining(words),
    });
  });

  it.each(EACH)('gives nothing away, whatever the service says: %s', async (work) => {
    // It repeats the signature that it got: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
    const detail = `The MAC signature found in the HTTP request '${azure.key}' is not the same`;
    for (const credentials of [{ AZURE_ACCOUNT_KEY: azure.key }, { AZURE_SAS_TOKEN: SAS }] as const)
      for (const code of ['AuthenticationFailed', 'NobodyKnows']) {
        answer = { status: 403, code, detail };
        expectNoSecret(await failureOf(work, credentials), [azure.key, SAS, 'c2lnbmF0dXJl']);
      }
  });

  it.each(EACH)('gives nothing away when there is no answer: %s', async (work) => {
    server.removeAllListeners('request');
    server.on('request', (request) => request.socket.destroy());
    for (const credentials of [{ AZURE_ACCOUNT_KEY: azure.key }, { AZURE_SAS_TOKEN: SAS }] as const) {
      const error = await failureOf(work, credentials);
      expect(error).toMatchObject({ code: 'transient' });
      expectNoSecret(error, [azure.key, SAS, 'c2lnbmF0dXJl']);
    }
  });

  it('says that nothing listens', async () => {
    server.close();
    expect(await failureOf('stat')).toMatchObject({
      code: 'transient',
      message: 'file: nothing takes connections there (ECONNREFUSED)',
    });
  });

  it('says that this machine’s identity needs https', async () => {
    expect(await failureOf('stat', { AUTH: 'implicit' })).toMatchObject({
      code: 'failed',
      message: 'file: AUTH=implicit needs an endpoint of https',
    });
  });
});

describe('credentials that Azurite refuses', () => {
  it.each(EACH)('are said to be denied, and not shown: %s', async (work) => {
    const container = await azure.container();
    const wrong = randomBytes(64).toString('base64');
    const expired = generateBlobSASQueryParameters(
      {
        containerName: container.containerName,
        permissions: ContainerSASPermissions.parse('rcwdl'),
        expiresOn: new Date(Date.now() - 60_000),
      },
      azure.credential,
    ).toString();
    for (const credentials of [{ AZURE_ACCOUNT_KEY: wrong }, { AZURE_SAS_TOKEN: expired }] as const) {
      const store = openAzure(azure, { container: container.containerName, credentials });
      const error = await errorOf(WORK[work](store));
      expect(error).toMatchObject({ code: 'denied', hint: expect.any(String) });
      expectNoSecret(error, [wrong, expired, new URLSearchParams(expired).get('sig') ?? '']);
      await store.close();
    }
    await container.delete();
  });

  it.each(EACH)('for a container that is not there: %s', async (work) => {
    const store = openAzure(azure, { container: 'no-such-container' });
    expect(await errorOf(WORK[work](store))).toMatchObject({
      code: 'no-container',
      message: expect.stringContaining('the account holdfasttest has no container no-such-container'),
    });
    await store.close();
  });
});

describe('what the client says', () => {
  const request: AzureRequest = {
    location: {
      scheme: 'azure',
      container: 'nightly',
      path: 'bank',
      account: 'acmeco',
      credentials: { kind: 'key', key: 'c2VjcmV0' },
      endpoint: null,
      redacted: '',
    },
    file: null,
    operation: 'list',
  };

  it('is that there is no such account where its name has no address', () => {
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND acmeco.blob.core.windows.net'), {
      code: 'ENOTFOUND',
    });
    expect(azureError(unknown, request)).toMatchObject({
      code: 'failed',
      message: 'there is no account acmeco: acmeco.blob.core.windows.net has no address (ENOTFOUND)',
      hint: expect.stringContaining('AZURE_ACCOUNT_NAME'),
    });
    const endpoint = { ...request, location: { ...request.location, endpoint: 'https://storage.acme.co' } };
    expect(azureError(unknown, endpoint)).toMatchObject({
      message: expect.stringContaining('its host has no address'),
    });
  });

  it('is that this machine has no identity', () => {
    const error = Object.assign(new Error('tried in vain: …'), { name: 'AggregateAuthenticationError' });
    expect(azureError(error, request)).toMatchObject({
      code: 'denied',
      hint: expect.stringContaining('az login'),
    });
  });

  it('is nothing that is secret', () => {
    const error = azureError(new Error('cannot ask https://x/y?sig=abc with c2VjcmV0'), request);
    expect(error).toMatchObject({ code: 'failed', message: 'cannot ask https://x/y?redacted with redacted' });
    expectNoSecret(error, ['abc', 'c2VjcmV0']);
  });
});

function expectNoSecret(error: StoreError, secrets: string[]): void {
  const shown = [
    inspect(error, { depth: Infinity, showHidden: true }),
    error.hint,
    JSON.stringify(error),
  ].join('\n');
  for (const secret of secrets) {
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain(encodeURIComponent(secret));
  }
  expect(shown).not.toMatch(/SharedKey |authorization:|sig=|Words of the service/i);
}
