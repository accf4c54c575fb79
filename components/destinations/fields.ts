/** The kinds of storage, as people choose between them. */
export const KINDS = ['s3', 'azure', 'gs', 'http', 'nodelocal'] as const;
export type Kind = (typeof KINDS)[number];

/** What is logged in with. Which of them a kind takes, `LOGINS` says. */
export type LoginChoice = 'keys' | 'key' | 'sas' | 'implicit' | 'basic' | 'bearer' | 'none';

export const LOGINS: Readonly<Record<Kind, readonly LoginChoice[]>> = {
  s3: ['keys', 'implicit'],
  azure: ['key', 'sas', 'implicit'],
  gs: ['key', 'implicit'],
  http: ['none', 'basic', 'bearer'],
  nodelocal: ['none'],
};

/** A place in pieces, as the form has it: text as it is meant, nothing encoded. */
export interface PlaceFields {
  kind: Kind;
  /** Bucket, container, or host with its port. */
  container: string;
  /** Below that, `/` between parts. */
  path: string;
  login: LoginChoice;
  /** Of http: encrypted or not. */
  scheme: 'https' | 'http';
  endpoint: string;
  region: string;
  /** `''`: as is usual for the endpoint. */
  pathStyle: '' | 'true' | 'false';
  storageClass: string;
  encryption: '' | 'AES256' | 'aws:kms';
  kmsKeyId: string;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  account: string;
  accountKey: string;
  sasToken: string;
  /** The JSON of a service account's key. */
  keyFile: string;
  user: string;
  password: string;
  bearer: string;
}

const EMPTY: Omit<PlaceFields, 'kind' | 'login'> = {
  container: '',
  path: '',
  scheme: 'https',
  endpoint: '',
  region: '',
  pathStyle: '',
  storageClass: '',
  encryption: '',
  kmsKeyId: '',
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  account: '',
  accountKey: '',
  sasToken: '',
  keyFile: '',
  user: '',
  password: '',
  bearer: '',
};

/** Nothing filled in yet. */
export function emptyFields(kind: Kind): PlaceFields {
  return { ...EMPTY, kind, login: LOGINS[kind][0] ?? 'none' };
}

const SECRETS = {
  accessKeyId: '',
  secretAccessKey: '',
  sessionToken: '',
  accountKey: '',
  sasToken: '',
  keyFile: '',
  user: '',
  password: '',
  bearer: '',
} as const satisfies Partial<PlaceFields>;

/** The place without what opens it. */
export function withoutSecrets(fields: PlaceFields): PlaceFields {
  return { ...fields, ...SECRETS };
}

/** Something that opens it is typed, or part of it. */
export function hasSecrets(fields: PlaceFields): boolean {
  return (Object.keys(SECRETS) as (keyof typeof SECRETS)[]).some((name) => fields[name] !== '');
}
