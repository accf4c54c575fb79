import { isRestError, type RestError } from '@azure/storage-blob';
import { messageOf } from '../../errors.ts';
import { denial } from './denials.ts';
import { endpointOf, type OpenableAzure } from './client.ts';
import { networkError, retryAfterMs, said, statusError } from '../network-errors.ts';
import { StoreError, type StoreErrorCode } from '../store.ts';

/** What was asked of the service when it failed: an error means another thing for each. */
export interface AzureRequest {
  location: OpenableAzure;
  /** Null: the container. */
  file: string | null;
  operation: 'write' | 'read' | 'list' | 'remove';
}

/** What the service's codes mean that aren't about who may do what. */
interface Known {
  code: StoreErrorCode;
  words: string;
  hint?: string;
}

const THERE: Known = { code: 'exists', words: 'there is a file of that name already' };
const BUSY: Known = { code: 'transient', words: 'the service is too busy or did not answer itself in time' };
const DAMAGED: Known = { code: 'transient', words: 'what was sent arrived damaged' };
const BAD_NAME: Known = {
  code: 'invalid-name',
  words: 'Azure takes no such name',
  hint: 'Choose a shorter path of plain names.',
};
const ARCHIVED: Known = {
  code: 'failed',
  words: 'it was moved to the archive tier, where it can not be read',
  hint: 'Rehydrate the files of this backup to the hot or cool tier, which takes hours, then try again.',
};
const OLD_SERVICE: Known = {
  code: 'failed',
  words: 'the service does not know a header that was sent: its version is too old',
  hint: 'An emulator or a compatible service has to speak the API of Azure Blob Storage of 2021 or later.',
};

/**
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes,
 * https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
const CODES: Readonly<Record<string, Known>> = {
  BlobNotFound: { code: 'not-found', words: 'there is no such file' },
  BlobAlreadyExists: THERE,
  ConditionNotMet: THERE,
  // The token may create files and not write over one: there is one.
  UnauthorizedBlobOverwrite: THERE,
  InvalidBlobType: THERE,
  InvalidRange: { code: 'failed', words: 'the bytes asked for are outside of it' },
  ContainerBeingDeleted: {
    code: 'transient',
    words: 'the container is being deleted',
    hint: 'A container of that name can be created again some minutes after it was deleted.',
  },
  AccountBeingCreated: { code: 'transient', words: 'the account is being created' },
  ServerBusy: BUSY,
  OperationTimedOut: BUSY,
  InternalError: BUSY,
  Md5Mismatch: DAMAGED,
  Crc64Mismatch: DAMAGED,
  InvalidResourceName: BAD_NAME,
  InvalidUri: BAD_NAME,
  OutOfRangeInput: BAD_NAME,
  BlobArchived: ARCHIVED,
  BlobBeingRehydrated: { ...ARCHIVED, words: 'it is still being brought back from the archive tier' },
  // Also for the moment in which another writer takes back its blocks (upload.ts).
  LeaseIdMissing: {
    code: 'transient',
    words: 'somebody holds a lease on it',
    hint: 'If nobody is at work there any more, break the lease.',
  },
  InvalidBlobOrBlock: {
    code: 'failed',
    words: "blocks of another program's unfinished upload stand under its name",
    hint: 'Choose another path; the service drops such blocks a week after they came.',
  },
  InvalidBlockList: { code: 'failed', words: 'blocks that were uploaded are gone' },
  BlockCountExceedsLimit: {
    code: 'failed',
    words: 'too many blocks of unfinished uploads stand under its name',
    hint: 'Choose another path; the service drops such blocks a week after they came.',
  },
  InvalidHeaderValue: OLD_SERVICE,
  UnsupportedHeader: OLD_SERVICE,
};

/**
 * What an error of the Azure client means. Neither the message nor the cause has anything of the request: its URL holds the
 * SAS token, its headers the signature, and what the service says of a signature repeats it.
 */
export function azureError(error: unknown, request: AzureRequest, now: number = Date.now()): StoreError {
  if (error instanceof StoreError) return error;
  const { file, location } = request;
  if (isRestError(error) && error.statusCode !== undefined) return answered(error, request, now);
  const cause = harmless(error);
  const network = networkError(error, file);
  if (network !== null) {
    const unknown = codeProperty(error) === 'ENOTFOUND' && location.endpoint === null;
    if (unknown) return noAccount(request, cause);
    return new StoreError(network.code, network.message, file, { cause, hint: network.hint ?? undefined });
  }
  const name = error instanceof Error ? error.name : '';
  // The client's own words for what the socket said: its request was cut off, or the answer was.
  if (isRestError(error) || name === 'AbortError')
    return said('transient', 'the connection was broken off', file, { cause });
  if (
    /^(CredentialUnavailable|AggregateAuthentication|Authentication|AuthenticationRequired)Error$/.test(name)
  )
    return said('denied', 'this machine has no identity that Azure knows', file, {
      cause,
      hint: 'AUTH=implicit takes a managed or workload identity, the variables AZURE_CLIENT_ID and so on, or `az login`, for each engine.',
    });
  if (name === 'TimeoutError')
    return said('transient', 'no token for this machine’s identity came in time', file, { cause });
  if (location.credentials.kind === 'implicit' && endpointOf(location).startsWith('http:'))
    return said('failed', 'AUTH=implicit needs an endpoint of https', file, { cause });
  return said('failed', withoutSecrets(messageOf(error), location), file, { cause });
}

/** The code in the service's answer, which for HEAD is only in a header. Null: it is none of the service's. */
export function serviceCode(error: unknown): string | null {
  if (!isRestError(error) || error.statusCode === undefined) return null;
  const code = error.response?.headers.get('x-ms-error-code') ?? error.code ?? '';
  return /^[A-Za-z0-9]{1,80}$/.test(code) ? code : null;
}

function answered(error: RestError, request: AzureRequest, now: number): StoreError {
  const { file, location, operation } = request;
  const status = error.statusCode ?? 0;
  const code = serviceCode(error);
  const headers = error.response?.headers;
  const details = {
    cause: harmless(error),
    retryAfterMs: retryAfterMs(headers?.get('retry-after'), now),
  };
  if (code === 'ContainerNotFound')
    return said(
      'no-container',
      `the account ${location.account} has no container ${location.container}`,
      file,
      details,
    );
  // Whoever writes a file whose name is taken by one that can't be changed is told that it is taken.
  if (code === 'BlobImmutableDueToPolicy' && operation === 'write')
    return said(THERE.code, THERE.words, file, details);
  const denied = denial(code, { ...request, servedAt: headers?.get('date'), now });
  if (denied !== null)
    return said('denied', `${denied.words} (${code})`, file, { ...details, hint: denied.hint });
  const known = code === null ? undefined : CODES[code];
  if (known !== undefined)
    return said(known.code, `${known.words} (${code})`, file, { ...details, hint: known.hint });
  return statusError(status, code === null ? 'Azure refused it' : `Azure refused it: ${code}`, file, details);
}

/** Every account has a name in the DNS. */
function noAccount({ location, file }: AzureRequest, cause: Error): StoreError {
  const host = endpointOf(location).replace('https://', '');
  return said('failed', `there is no account ${location.account}: ${host} has no address (ENOTFOUND)`, file, {
    cause,
    hint: 'Check AZURE_ACCOUNT_NAME. An account of another cloud than the public one needs AZURE_ENDPOINT. Engines have to be able to resolve the name.',
  });
}

/** What may be kept of an error of the client: its kind, the code, the status and the service's number for the request. */
function harmless(error: unknown): Error {
  const parts = [error instanceof Error ? error.name : 'error'];
  const code = serviceCode(error) ?? codeProperty(error);
  if (code !== null) parts.push(code);
  if (isRestError(error) && error.statusCode !== undefined) parts.push(`HTTP ${error.statusCode}`);
  const requestId = isRestError(error) ? error.response?.headers.get('x-ms-request-id') : undefined;
  if (requestId !== undefined && /^[\w-]{1,64}$/.test(requestId)) parts.push(`request ${requestId}`);
  return new Error(parts.join(', '));
}

function codeProperty(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return /^\w{1,80}$/.test(error.code) ? error.code : null;
}

function withoutSecrets(message: string, { credentials }: OpenableAzure): string {
  const secret =
    credentials.kind === 'key' ? credentials.key : credentials.kind === 'sas' ? credentials.token : null;
  const text = message.replace(/\?\S*/g, '?redacted');
  return secret === null ? text : text.replaceAll(secret, 'redacted');
}
