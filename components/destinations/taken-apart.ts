import { HoldfastError } from '../../server/errors.ts';
import { readAuth, readParameters, SCHEMES } from '../../server/storage/parameters.ts';
import { redactUrl } from '../../server/storage/redact.ts';
import { invalid, splitUrl, type UrlParts } from '../../server/storage/url.ts';
import { emptyFields, hasSecrets, withoutSecrets, type PlaceFields } from './fields.ts';
import { urlOf } from './url-of.ts';

/**
 * Takes a URL apart into the form's fields, secrets included: the way back of `urlOf`. Throws HoldfastError in the console's
 * words for what is no URL of a place; what else may be wrong with its parts, the console says when it is tested or saved.
 */
export function fieldsOf(url: string): PlaceFields {
  const parts = splitUrl(url, 'url', true);
  const scheme = SCHEMES.find((known) => known === parts?.scheme);
  if (parts === null || scheme === undefined)
    throw new HoldfastError('location-invalid', 'This is no URL of a place for backups.', {
      field: 'url',
      hint: `It starts with one of ${SCHEMES.map((known) => `${known}://`).join(', ')}.`,
    });
  const path = decodedPath(parts);
  switch (scheme) {
    case 's3': {
      const given = readParameters(parts, 's3');
      const mode = given.get('AWS_SERVER_ENC_MODE') ?? '';
      const style = given.get('AWS_USE_PATH_STYLE') ?? '';
      if (mode !== '' && mode !== 'AES256' && mode !== 'aws:kms')
        throw invalid(parts, 'AWS_SERVER_ENC_MODE is neither AES256 nor aws:kms', 'Leave it out.');
      if (style !== '' && style !== 'true' && style !== 'false')
        throw invalid(parts, 'AWS_USE_PATH_STYLE is neither true nor false', 'Leave it out.');
      return {
        ...emptyFields('s3'),
        container: parts.host,
        path,
        login: readAuth(parts, given.get('AUTH')) === 'implicit' ? 'implicit' : 'keys',
        accessKeyId: given.get('AWS_ACCESS_KEY_ID') ?? '',
        secretAccessKey: given.get('AWS_SECRET_ACCESS_KEY') ?? '',
        sessionToken: given.get('AWS_SESSION_TOKEN') ?? '',
        region: given.get('AWS_REGION') ?? '',
        endpoint: given.get('AWS_ENDPOINT') ?? '',
        pathStyle: style,
        encryption: mode,
        kmsKeyId: given.get('AWS_SERVER_KMS_ID') ?? '',
        storageClass: given.get('S3_STORAGE_CLASS') ?? '',
      };
    }
    case 'azure': {
      const given = readParameters(parts, 'azure');
      const implicit = readAuth(parts, given.get('AUTH')) === 'implicit';
      return {
        ...emptyFields('azure'),
        container: parts.host,
        path,
        login: implicit ? 'implicit' : given.has('AZURE_SAS_TOKEN') ? 'sas' : 'key',
        account: given.get('AZURE_ACCOUNT_NAME') ?? '',
        accountKey: given.get('AZURE_ACCOUNT_KEY') ?? '',
        sasToken: given.get('AZURE_SAS_TOKEN') ?? '',
        endpoint: given.get('AZURE_ENDPOINT') ?? '',
      };
    }
    case 'gs': {
      const given = readParameters(parts, 'gs');
      const key = given.get('CREDENTIALS');
      return {
        ...emptyFields('gs'),
        container: parts.host,
        path,
        // Without a key, and without a word about it, it is the machine that logs in.
        login: key === undefined ? 'implicit' : 'key',
        keyFile: key === undefined ? '' : keyFile(parts, key),
        endpoint: given.get('GS_ENDPOINT') ?? '',
      };
    }
    case 'http':
    case 'https': {
      readParameters(parts, scheme);
      const at = parts.host.lastIndexOf('@');
      const [, user = '', password = ''] =
        /^([^:]*):?(.*)$/s.exec(parts.host.slice(0, Math.max(0, at))) ?? [];
      return {
        ...emptyFields('http'),
        scheme,
        container: parts.host.slice(at + 1),
        path,
        login: at < 0 ? 'none' : 'basic',
        user: decoded(user),
        password: decoded(password),
      };
    }
    case 'nodelocal':
      readParameters(parts, 'nodelocal');
      return { ...emptyFields('nodelocal'), path };
  }
}

/**
 * The URL without what opens it, for what a browser keeps and a page shows. Text that can't be understood is redacted as far
 * as it might hold a secret.
 */
export function urlWithoutSecrets(url: string): string {
  try {
    const fields = fieldsOf(url);
    const left = hasSecrets(fields) ? urlOf(withoutSecrets(fields)) : url;
    // A password that isn't encoded may reach into what looks like the path.
    const [address = ''] = left.split('?', 1);
    const safe = redactUrl(address);
    return safe === address ? left : safe;
  } catch {
    return redactUrl(url);
  }
}

/** The URL says something that opens the place, and that nobody else should see. */
export function saysSecret(url: string): boolean {
  return urlWithoutSecrets(url) !== url;
}

function decodedPath(parts: UrlParts): string {
  return parts.path
    .replace(/^\/|\/$/g, '')
    .split('/')
    .map(decoded)
    .join('/');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function keyFile(parts: UrlParts, key: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(atob(key), (character) => character.charCodeAt(0)),
    );
  } catch {
    throw invalid(parts, 'CREDENTIALS is not base64', 'Paste the key file itself below.');
  }
}
