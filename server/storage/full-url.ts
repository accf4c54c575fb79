import type { Location } from './location.ts';
import { printParameters } from './url.ts';

/**
 * The URL of a location with all that it knows, credentials too: for what is sealed, and for nothing else. It parses to the
 * same location again, but for a bearer token, which no URL can say.
 */
export function fullUrl(location: Location): string {
  switch (location.scheme) {
    case 'nodelocal':
      return location.redacted;
    case 's3': {
      const { credentials, endpoint, pathStyle, encryption } = location;
      const keys = credentials.kind === 'keys' ? credentials : null;
      return extended(location.redacted, {
        AUTH: credentials.kind === 'implicit' ? 'implicit' : null,
        AWS_ACCESS_KEY_ID: keys?.accessKeyId ?? null,
        AWS_SECRET_ACCESS_KEY: keys?.secretAccessKey ?? null,
        AWS_SESSION_TOKEN: keys?.sessionToken ?? null,
        AWS_REGION: location.region,
        AWS_USE_PATH_STYLE: pathStyle === (endpoint !== null) ? null : String(pathStyle),
        AWS_SERVER_ENC_MODE: encryption?.mode ?? null,
        AWS_SERVER_KMS_ID: encryption?.kmsKeyId ?? null,
        S3_STORAGE_CLASS: location.storageClass,
      });
    }
    case 'azure':
      return extended(location.redacted, {
        AUTH: location.credentials.kind === 'implicit' ? 'implicit' : null,
        AZURE_ACCOUNT_NAME: location.account,
        AZURE_ACCOUNT_KEY: location.credentials.kind === 'key' ? location.credentials.key : null,
        AZURE_SAS_TOKEN: location.credentials.kind === 'sas' ? location.credentials.token : null,
      });
    case 'gs':
      return extended(location.redacted, {
        AUTH: location.credentials.kind === 'implicit' ? 'implicit' : null,
        CREDENTIALS:
          location.credentials.kind === 'key'
            ? Buffer.from(JSON.stringify(location.credentials.key)).toString('base64')
            : null,
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

/** With those parameters that it doesn't have yet: a location may know more than its own URL said. */
function extended(url: string, parameters: Readonly<Record<string, string | null>>): string {
  const said = new Set(
    url
      .replace(/^[^?]*\??/, '')
      .split('&')
      .map((piece) => piece.split('=', 1)[0]),
  );
  const more = printParameters(
    Object.fromEntries(Object.entries(parameters).filter(([name]) => !said.has(name))),
  );
  return url + (url.includes('?') ? more.replace('?', '&') : more);
}
