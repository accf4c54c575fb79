import { z } from 'zod';
import { HoldfastError } from '../../errors.ts';
import { readEndpoint } from '../endpoint.ts';
import { readAuth, readParameters } from '../parameters.ts';
import { invalid, pathSegments, printParameters, printPath, type UrlParts } from '../url.ts';

/** A service account's key, as Google hands it out: https://cloud.google.com/iam/docs/keys-create-delete */
const keySchema = z.looseObject({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
});
export type ServiceAccountKey = z.infer<typeof keySchema>;

/** Objects in a bucket of Google Cloud Storage. */
export interface GsLocation {
  scheme: 'gs';
  bucket: string;
  /** What the objects' names begin with: decoded, `/` between parts, at least one part. */
  path: string;
  /** `unstated`: the URL says nothing of them: those of a saved destination, else what the machine is allowed. */
  credentials: { kind: 'key'; key: ServiceAccountKey } | { kind: 'implicit' } | { kind: 'unstated' };
  /** Null: Google's. */
  endpoint: string | null;
  /** The URL in its normal form, without secrets: what is printed and recorded. */
  redacted: string;
}

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

export function parseGs(parts: UrlParts): GsLocation {
  if (!BUCKET.test(parts.host))
    throw invalid(
      parts,
      parts.host === '' ? 'it has no bucket' : `the host of a gs URL is the bucket, and this can't be one`,
      "Write 'gs://bucket/path?…'.",
    );
  const parameters = readParameters(parts, 'gs');
  const segments = pathSegments(parts);
  const endpoint = readEndpoint(parts, 'GS_ENDPOINT', parameters.get('GS_ENDPOINT'));
  const credentials = readCredentials(
    parts,
    readAuth(parts, parameters.get('AUTH')),
    parameters.get('CREDENTIALS'),
  );
  return {
    scheme: 'gs',
    bucket: parts.host,
    path: segments.join('/'),
    credentials,
    endpoint,
    redacted:
      `gs://${parts.host}/${printPath(segments)}` +
      printParameters({
        AUTH: credentials.kind === 'implicit' ? 'implicit' : null,
        GS_ENDPOINT: endpoint,
      }),
  };
}

function readCredentials(
  parts: UrlParts,
  auth: ReturnType<typeof readAuth>,
  text: string | undefined,
): GsLocation['credentials'] {
  if (auth === 'implicit') {
    if (text !== undefined)
      throw invalid(
        parts,
        `AUTH is set to 'implicit', but CREDENTIALS are given`,
        'Leave out one of the two.',
      );
    return { kind: 'implicit' };
  }
  if (text === undefined) {
    if (auth === null) return { kind: 'unstated' };
    // CockroachDB's words (native-backup.txt).
    throw new HoldfastError('location-invalid', 'CREDENTIALS must be set unless "AUTH" is "implicit"', {
      field: parts.field,
      hint: 'Add the key of a service account in base64: CREDENTIALS=$(base64 -w0 key.json).',
    });
  }
  return { kind: 'key', key: readKey(parts, text) };
}

function readKey(parts: UrlParts, text: string): ServiceAccountKey {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    value = null;
  }
  const key = keySchema.safeParse(value);
  if (key.success) return key.data;
  throw invalid(
    parts,
    'CREDENTIALS is not the key of a service account in base64',
    'Encode the JSON file that Google hands out: base64 -w0 key.json.',
  );
}
