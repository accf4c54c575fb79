import { HoldfastError } from '../../errors.ts';
import { readAuth, readParameters } from '../parameters.ts';
import { readEndpoint } from '../endpoint.ts';
import { invalid, pathSegments, printParameters, printPath, type UrlParts } from '../url.ts';

/** Objects in a bucket of S3, or of a service that speaks its protocol. */
export interface S3Location {
  scheme: 's3';
  bucket: string;
  /** What the objects' keys begin with: decoded, `/` between parts, at least one part. */
  path: string;
  /** `unstated`: the URL says nothing of them, so they are those of a saved destination. */
  credentials:
    | { kind: 'keys'; accessKeyId: string; secretAccessKey: string; sessionToken: string | null }
    | { kind: 'implicit' }
    | { kind: 'unstated' };
  /** Null: that of the machine's own configuration, else the SDK's default. */
  region: string | null;
  /** `https://minio:9000`; null: Amazon's. */
  endpoint: string | null;
  /** The bucket stands in the path, not in the host's name. */
  pathStyle: boolean;
  storageClass: string | null;
  encryption: { mode: 'AES256' | 'aws:kms'; kmsKeyId: string | null } | null;
  /** The URL in its normal form, without secrets: what is printed and recorded. */
  redacted: string;
}

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

export function parseS3(parts: UrlParts): S3Location {
  if (!BUCKET.test(parts.host))
    throw invalid(
      parts,
      parts.host === '' ? 'it has no bucket' : `the host of an s3 URL is the bucket, and this can't be one`,
      "Write 's3://bucket/path?…'; another service than Amazon's is named by AWS_ENDPOINT.",
    );
  const parameters = readParameters(parts, 's3');
  const segments = pathSegments(parts);
  const endpoint = readEndpoint(parts, 'AWS_ENDPOINT', parameters.get('AWS_ENDPOINT'));
  const [region, storageClass] = [parameters.get('AWS_REGION'), parameters.get('S3_STORAGE_CLASS')];
  const pathStyle = readFlag(parts, 'AWS_USE_PATH_STYLE', parameters.get('AWS_USE_PATH_STYLE'));
  const credentials = readCredentials(parts, parameters);
  const encryption = readEncryption(parts, parameters);
  return {
    scheme: 's3',
    bucket: parts.host,
    path: segments.join('/'),
    credentials,
    region: region ?? null,
    endpoint,
    // Services beside Amazon's seldom have a name for each bucket.
    pathStyle: pathStyle ?? endpoint !== null,
    storageClass: storageClass ?? null,
    encryption,
    redacted:
      `s3://${parts.host}/${printPath(segments)}` +
      printParameters({
        AUTH: credentials.kind === 'implicit' ? 'implicit' : null,
        AWS_REGION: region ?? null,
        AWS_ENDPOINT: endpoint,
        AWS_USE_PATH_STYLE: pathStyle === null ? null : String(pathStyle),
        AWS_SERVER_ENC_MODE: encryption?.mode ?? null,
        AWS_SERVER_KMS_ID: encryption?.kmsKeyId ?? null,
        S3_STORAGE_CLASS: storageClass ?? null,
      }),
  };
}

type S3Parameters = ReturnType<typeof readParameters<'s3'>>;

function readCredentials(parts: UrlParts, parameters: S3Parameters): S3Location['credentials'] {
  const auth = readAuth(parts, parameters.get('AUTH'));
  const accessKeyId = parameters.get('AWS_ACCESS_KEY_ID');
  const secretAccessKey = parameters.get('AWS_SECRET_ACCESS_KEY');
  const sessionToken = parameters.get('AWS_SESSION_TOKEN');
  const given = accessKeyId ?? secretAccessKey ?? sessionToken;
  if (auth === 'implicit') {
    if (given !== undefined)
      throw invalid(parts, `AUTH is set to 'implicit', but keys are given`, 'Leave out AUTH, or the keys.');
    return { kind: 'implicit' };
  }
  if (given === undefined && auth === null) return { kind: 'unstated' };
  if (accessKeyId === undefined) throw notSet(parts, 'AWS_ACCESS_KEY_ID');
  if (secretAccessKey === undefined) throw notSet(parts, 'AWS_SECRET_ACCESS_KEY');
  return { kind: 'keys', accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null };
}

/** CockroachDB's words (native-backup.txt). */
function notSet({ field }: UrlParts, name: string): HoldfastError {
  return new HoldfastError('location-invalid', `AUTH is set to 'specified', but ${name} is not set`, {
    field,
    hint: `Add ${name}, or say AUTH=implicit to use what the engines' machine is allowed.`,
  });
}

function readEncryption(parts: UrlParts, parameters: S3Parameters): S3Location['encryption'] {
  const mode = parameters.get('AWS_SERVER_ENC_MODE') ?? null;
  const kmsKeyId = parameters.get('AWS_SERVER_KMS_ID') ?? null;
  if (mode === null && kmsKeyId === null) return null;
  if (mode === 'AES256' && kmsKeyId === null) return { mode, kmsKeyId };
  if (mode === 'aws:kms') return { mode, kmsKeyId };
  throw invalid(
    parts,
    mode === null || mode === 'AES256'
      ? 'AWS_SERVER_KMS_ID goes with AWS_SERVER_ENC_MODE=aws:kms'
      : 'AWS_SERVER_ENC_MODE is neither AES256 nor aws:kms',
    'Leave both out to have what the bucket does by default.',
  );
}

function readFlag(parts: UrlParts, name: string, value: string | undefined): boolean | null {
  if (value === undefined) return null;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(parts, `${name} is neither true nor false`, `Write ${name}=true.`);
}
