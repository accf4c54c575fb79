import { printParameters, printPath } from '../../server/storage/url.ts';
import type { PlaceFields } from './fields.ts';

/**
 * The URL that says what the fields say, credentials of the chosen login included; a bearer token is in none. What is left
 * empty is left out. Never throws: whether it makes sense, the console says.
 */
export function urlOf(fields: PlaceFields): string {
  const path = printPath(segments(fields.path));
  const { kind, login } = fields;
  switch (kind) {
    case 's3':
      return place(`s3://${trimmed(fields.container)}`, path, {
        ...(login === 'implicit'
          ? { AUTH: 'implicit' }
          : {
              AWS_ACCESS_KEY_ID: trimmed(fields.accessKeyId),
              AWS_SECRET_ACCESS_KEY: trimmed(fields.secretAccessKey),
              AWS_SESSION_TOKEN: trimmed(fields.sessionToken),
            }),
        AWS_REGION: trimmed(fields.region),
        AWS_ENDPOINT: trimmed(fields.endpoint),
        AWS_USE_PATH_STYLE: fields.pathStyle,
        AWS_SERVER_ENC_MODE: fields.encryption,
        AWS_SERVER_KMS_ID: fields.encryption === 'aws:kms' ? trimmed(fields.kmsKeyId) : '',
        S3_STORAGE_CLASS: trimmed(fields.storageClass),
      });
    case 'azure':
      return place(`azure://${trimmed(fields.container)}`, path, {
        AUTH: login === 'implicit' ? 'implicit' : '',
        AZURE_ACCOUNT_NAME: trimmed(fields.account),
        AZURE_ACCOUNT_KEY: login === 'key' ? trimmed(fields.accountKey) : '',
        AZURE_SAS_TOKEN: login === 'sas' ? trimmed(fields.sasToken) : '',
        AZURE_ENDPOINT: trimmed(fields.endpoint),
      });
    case 'gs':
      return place(`gs://${trimmed(fields.container)}`, path, {
        AUTH: login === 'implicit' ? 'implicit' : '',
        CREDENTIALS: login === 'key' && trimmed(fields.keyFile) !== '' ? base64(trimmed(fields.keyFile)) : '',
        GS_ENDPOINT: trimmed(fields.endpoint),
      });
    case 'http': {
      const { user, password } = fields;
      const given = login === 'basic' && (user !== '' || password !== '');
      const userinfo = given ? `${encoded(user)}:${encoded(password)}@` : '';
      return place(`${fields.scheme}://${userinfo}${trimmed(fields.container)}`, path, {});
    }
    case 'nodelocal':
      return place('nodelocal://self', path, {});
  }
}

/** The token that goes with the URL; null where there is none. */
export function bearerOf({ kind, login, bearer }: PlaceFields): string | null {
  return kind === 'http' && login === 'bearer' && bearer.trim() !== '' ? bearer.trim() : null;
}

/** The same place one directory further down. The base is redacted, in its normal form. */
export function urlBelow(base: string, name: string): string {
  const [address = '', query] = base.split(/\?(.*)/s);
  const below = `${address.replace(/\/$/, '')}/${name}`;
  return query === undefined ? below : `${below}?${query}`;
}

function place(host: string, path: string, parameters: Readonly<Record<string, string>>): string {
  const given = Object.entries(parameters).map(
    ([name, value]) => [name, value === '' ? null : value.toWellFormed()] as const,
  );
  return `${host}${path === '' ? '' : `/${path}`}${printParameters(Object.fromEntries(given))}`;
}

function segments(path: string): string[] {
  const inside = path.trim().replace(/^\/+|\/+$/g, '');
  return inside === '' ? [] : inside.toWellFormed().split('/');
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Blanks around it came along when it was copied. */
function trimmed(text: string): string {
  return text.trim();
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
