import type { PlaceFields } from './fields.ts';

/** The parameters of URLs by the fields that say them. */
const PARAMETERS = {
  AWS_ACCESS_KEY_ID: 'accessKeyId',
  AWS_SECRET_ACCESS_KEY: 'secretAccessKey',
  AWS_SESSION_TOKEN: 'sessionToken',
  AWS_REGION: 'region',
  AWS_ENDPOINT: 'endpoint',
  AWS_SERVER_KMS_ID: 'kmsKeyId',
  AWS_SERVER_ENC_MODE: 'encryption',
  S3_STORAGE_CLASS: 'storageClass',
  AZURE_ACCOUNT_NAME: 'account',
  AZURE_ACCOUNT_KEY: 'accountKey',
  AZURE_SAS_TOKEN: 'sasToken',
  AZURE_ENDPOINT: 'endpoint',
  CREDENTIALS: 'keyFile',
  GS_ENDPOINT: 'endpoint',
} as const satisfies Record<string, keyof PlaceFields>;

/**
 * The field of the form that a refusal belongs beside. The console speaks of URLs and their parameters; null where it is about
 * none of them.
 */
export function fieldOfProblem(
  { kind, login }: Pick<PlaceFields, 'kind' | 'login'>,
  { field, message }: { field: string | null; message: string },
): keyof PlaceFields | 'name' | null {
  if (field === 'name' || field === 'bearer') return field;
  if (field !== 'url') return null;
  if (/stored credentials|how to log in/.test(message)) return secretField(kind, login);
  if (/is this place already/.test(message)) return 'path';
  // What comes before the URL that is repeated.
  const [about = ''] = message.split(/[a-z][a-z0-9+.-]*:\/\//i, 1);
  for (const [name, named] of Object.entries(PARAMETERS)) if (about.includes(name)) return named;
  if (kind === 'http' && /before the @/.test(about)) return 'user';
  if (kind !== 'nodelocal' && /bucket|container|host/.test(about)) return 'container';
  return /path|part|backslash|percent-encoding|control character|Unicode/.test(about) ? 'path' : null;
}

function secretField(kind: PlaceFields['kind'], login: PlaceFields['login']): keyof PlaceFields {
  switch (login) {
    case 'keys':
      return 'secretAccessKey';
    case 'key':
      return kind === 'gs' ? 'keyFile' : 'accountKey';
    case 'sas':
      return 'sasToken';
    case 'basic':
      return 'password';
    case 'bearer':
      return 'bearer';
    case 'implicit':
    case 'none':
      return 'login';
  }
}
