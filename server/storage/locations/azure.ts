import { HoldfastError } from '../../errors.ts';
import { readEndpoint } from '../endpoint.ts';
import { readAuth, readParameters } from '../parameters.ts';
import { invalid, pathSegments, printParameters, printPath, type UrlParts } from '../url.ts';

/** Block blobs in a container of Azure Blob Storage. */
export interface AzureLocation {
  scheme: 'azure';
  container: string;
  /** What the blobs' names begin with: decoded, `/` between parts, at least one part. */
  path: string;
  /** Null: that of a saved destination. */
  account: string | null;
  /** `unstated`: the URL says nothing of them, so they are those of a saved destination. */
  credentials:
    | { kind: 'key'; key: string }
    /** A shared access signature, without the `?`. */
    | { kind: 'sas'; token: string }
    | { kind: 'implicit' }
    | { kind: 'unstated' };
  /** `http://127.0.0.1:10000/devstoreaccount1`; null: the account's at Microsoft. */
  endpoint: string | null;
  /** The URL in its normal form, without secrets: what is printed and recorded. */
  redacted: string;
}

/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const CONTAINER = /^(\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62})$/;
const ACCOUNT = /^[a-z0-9]{3,24}$/;

export function parseAzure(parts: UrlParts): AzureLocation {
  if (!CONTAINER.test(parts.host))
    throw invalid(
      parts,
      parts.host === ''
        ? 'it has no container'
        : `the host of an azure URL is the container, and this can't be one`,
      "Write 'azure://container/path?AZURE_ACCOUNT_NAME=…&AZURE_ACCOUNT_KEY=…'.",
    );
  const parameters = readParameters(parts, 'azure');
  const segments = pathSegments(parts);
  const account = parameters.get('AZURE_ACCOUNT_NAME') ?? null;
  if (account !== null && !ACCOUNT.test(account))
    throw invalid(
      parts,
      'AZURE_ACCOUNT_NAME can’t be the name of an account',
      'It has 3 to 24 lower-case letters and digits.',
    );
  const endpoint = readEndpoint(parts, 'AZURE_ENDPOINT', parameters.get('AZURE_ENDPOINT'));
  const credentials = readCredentials(parts, parameters);
  if (credentials.kind !== 'unstated' && account === null) throw missing(parts, 'AZURE_ACCOUNT_NAME');
  return {
    scheme: 'azure',
    container: parts.host,
    path: segments.join('/'),
    account,
    credentials,
    endpoint,
    redacted:
      `azure://${parts.host}/${printPath(segments)}` +
      printParameters({
        AUTH: credentials.kind === 'implicit' ? 'implicit' : null,
        AZURE_ACCOUNT_NAME: account,
        AZURE_ENDPOINT: endpoint,
      }),
  };
}

function readCredentials(
  parts: UrlParts,
  parameters: ReturnType<typeof readParameters<'azure'>>,
): AzureLocation['credentials'] {
  const auth = readAuth(parts, parameters.get('AUTH'));
  const key = parameters.get('AZURE_ACCOUNT_KEY');
  const token = parameters.get('AZURE_SAS_TOKEN');
  if ([auth === 'implicit', key !== undefined, token !== undefined].filter(Boolean).length > 1)
    throw invalid(
      parts,
      'it says how to log in twice',
      'Give one of AZURE_ACCOUNT_KEY, AZURE_SAS_TOKEN and AUTH=implicit.',
    );
  if (auth === 'implicit') return { kind: 'implicit' };
  if (token !== undefined) return { kind: 'sas', token: token.replace(/^\?/, '') };
  if (key !== undefined) return { kind: 'key', key: readKey(parts, key) };
  if (auth === null) return { kind: 'unstated' };
  throw missing(parts, 'AZURE_ACCOUNT_KEY');
}

function readKey(parts: UrlParts, key: string): string {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(key)) return key;
  throw invalid(
    parts,
    'AZURE_ACCOUNT_KEY is not base64',
    'Copy it whole, with the = at its end; encoded or not makes no difference.',
  );
}

/** CockroachDB's words (native-backup.txt). */
function missing({ field }: UrlParts, name: string): HoldfastError {
  return new HoldfastError('location-invalid', `azure uri missing "${name}" parameter`, {
    field,
    hint: `Add ${name}=…, or use a saved destination.`,
  });
}
