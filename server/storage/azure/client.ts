import type { Agent } from 'node:http';
import type { TokenCredential } from '@azure/identity';
import {
  AnonymousCredential,
  ContainerClient,
  newPipeline,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { HoldfastError } from '../../errors.ts';
import type { AzureLocation } from '../locations/azure.ts';
import type { Tuning } from '../tuning.ts';
import { watchedAgent } from '../watched-agent.ts';

/** A location that says whose it is and what opens it. */
export interface OpenableAzure extends AzureLocation {
  account: string;
  credentials: Exclude<AzureLocation['credentials'], { kind: 'unstated' }>;
}

export interface AzureClient {
  container: ContainerClient;
  agent: Agent;
}

/** Throws HoldfastError `location-invalid` in CockroachDB's words for what isn't stated. */
export function openable(location: AzureLocation): OpenableAzure {
  const { account, credentials } = location;
  if (account === null) throw missing('AZURE_ACCOUNT_NAME');
  if (credentials.kind === 'unstated') throw missing('AZURE_ACCOUNT_KEY');
  return { ...location, account, credentials };
}

function missing(name: string): HoldfastError {
  return new HoldfastError('location-invalid', `azure uri missing "${name}" parameter`, {
    field: 'destination',
    hint: `Add ${name}=…, or save the destination with its credentials.`,
  });
}

/** The account's address; https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints */
export function endpointOf({ account, endpoint }: OpenableAzure): string {
  return endpoint ?? `https://${account}.blob.core.windows.net`;
}

/** A client that makes every request once: who repeats what is `patient()` and the upload. */
export function azureClient(location: OpenableAzure, tuning: Tuning): AzureClient {
  const endpoint = endpointOf(location);
  const agent = watchedAgent(endpoint.startsWith('https:'), tuning);
  const { credentials } = location;
  const options = {
    agent,
    retryOptions: { maxTries: 1 },
    redirectOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: 'holdfast' },
  };
  const pipeline = newPipeline(credentialOf(location, tuning), options);
  const query = credentials.kind === 'sas' ? `?${credentials.token}` : '';
  return { container: new ContainerClient(`${endpoint}/${location.container}${query}`, pipeline), agent };
}

function credentialOf(
  { account, credentials }: OpenableAzure,
  tuning: Tuning,
): StorageSharedKeyCredential | AnonymousCredential | TokenCredential {
  switch (credentials.kind) {
    case 'key':
      return new StorageSharedKeyCredential(account, credentials.key);
    case 'sas':
      return new AnonymousCredential();
    case 'implicit':
      return implicitCredential(tuning);
  }
}

/**
 * Whatever identity this machine has: environment variables, workload identity, managed identity, the Azure CLI. The library is
 * large and is loaded by the first request.
 * https://learn.microsoft.com/javascript/api/@azure/identity/defaultazurecredential
 */
function implicitCredential({ stallMs }: Tuning): TokenCredential {
  let loading: Promise<TokenCredential> | null = null;
  return {
    getToken: async (scopes, options = {}) => {
      loading ??= import('@azure/identity').then(
        ({ DefaultAzureCredential }) => new DefaultAzureCredential(),
      );
      const deadline = AbortSignal.timeout(stallMs);
      const { abortSignal } = options;
      const signal = abortSignal instanceof AbortSignal ? AbortSignal.any([abortSignal, deadline]) : deadline;
      return (await loading).getToken(scopes, { ...options, abortSignal: signal });
    },
  };
}
