import type { Location } from './location.ts';
import { printParameters } from './url.ts';

/**
 * The URL of a location with the credentials that it has: for what is sealed, and for nothing else. It parses to the same
 * location again, but for a bearer token, which no URL can say.
 */
export function fullUrl(location: Location): string {
  switch (location.scheme) {
    case 'nodelocal':
      return location.redacted;
    case 's3': {
      if (location.credentials.kind !== 'keys') return location.redacted;
      const { accessKeyId, secretAccessKey, sessionToken } = location.credentials;
      return extended(location.redacted, {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
      });
    }
    case 'azure':
      switch (location.credentials.kind) {
        case 'key':
          return extended(location.redacted, { AZURE_ACCOUNT_KEY: location.credentials.key });
        case 'sas':
          return extended(location.redacted, { AZURE_SAS_TOKEN: location.credentials.token });
        default:
          return location.redacted;
      }
    case 'gs':
      if (location.credentials.kind !== 'key') return location.redacted;
      return extended(location.redacted, {
        CREDENTIALS: Buffer.from(JSON.stringify(location.credentials.key)).toString('base64'),
      });
    case 'http':
    case 'https': {
      if (location.credentials.kind !== 'basic') return location.redacted;
      const { user, password } = location.credentials;
      return location.redacted.replace(
        '://',
        () => `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`,
      );
    }
  }
}

function extended(url: string, parameters: Readonly<Record<string, string | null>>): string {
  const more = printParameters(parameters);
  return url + (url.includes('?') ? more.replace('?', '&') : more);
}
