import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

// What is used of s3rver (https://github.com/20minutes/s3rver), which has no types.

const require = createRequire(import.meta.url);

export interface Context {
  method: string;
  /** Encoded, with the bucket in front, also where that stood in the host's name. */
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  req: IncomingMessage;
  res: ServerResponse;
  /** With the body, where that is XML. */
  request: { body?: { CompleteMultipartUpload: { Part: CompletedPart | CompletedPart[] } } };
  state: { vhost: boolean };
  store: FileStore;
  status: number;
  body: unknown;
  respond: boolean;
  set: (name: string, value: string) => void;
}
interface CompletedPart {
  ChecksumCRC32?: string;
}
export interface S3Object {
  bucket: string;
  key: string;
  content: Readable | null;
  metadata: Record<string, string | undefined>;
  range?: { start: number; end: number };
}
export interface FileStore {
  getResourcePath(bucket: string, key: string | undefined, resource: string): string;
  getMetadata(bucket: string, key: string): Promise<Record<string, string>>;
}
interface App {
  middleware: ((context: Context, next: () => Promise<void>) => Promise<void>)[];
  on(event: 'error', listener: () => void): void;
  run(): Promise<AddressInfo>;
}

export const S3rver = require('@20minutes/s3rver') as new (options: Record<string, unknown>) => App;
export const FilesystemStore = require('@20minutes/s3rver/lib/stores/filesystem.js') as new (
  root: string,
) => FileStore;
export const S3Object = require('@20minutes/s3rver/lib/models/object.js') as new (
  bucket: string,
  key: string,
  content: Readable | null,
  metadata: Record<string, string | undefined>,
) => S3Object;
export const S3Error = require('@20minutes/s3rver/lib/models/error.js') as new (
  code: string,
  message: string,
  detail?: Record<string, string>,
) => Error & { status: number };
export const v4 = require('@20minutes/s3rver/lib/signature/v4.js') as {
  parseHeader(headers: IncomingHttpHeaders): {
    accessKeyId: string;
    credential: { date: string; region: string; service: string };
    signatureProvided: string;
  };
  getStringToSign(canonical: Record<string, unknown>, request: unknown): string;
  getSigningKey(secret: string, date: string, region: string, service: string): Buffer;
};

/** The directory that has a directory for each bucket. */
export const [root = ''] = process.argv.slice(2);
/** What the file of an object is called after its key. */
export const OBJECT = '._S3rver_object';

export function uploadPath(bucket: string, id: string): string {
  return join(root, bucket, '._S3rver_uploads', id);
}

export function noSuchUpload(id: string): Error {
  return new S3Error('NoSuchUpload', 'The specified upload does not exist.', { UploadId: id });
}

export interface Asked {
  operation: string;
  bucket: string;
  key: string;
}

export function read({ method, path, query }: Context): Asked {
  const [bucket = '', ...rest] = path.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  return { bucket, key, operation: operationOf(method, key, query) };
}

export function operationOf(method: string, key: string, query: Record<string, string>): string {
  if (key === '') return 'uploads' in query ? 'ListMultipartUploads' : 'ListObjectsV2';
  const uploading = 'uploadId' in query;
  switch (method) {
    case 'HEAD':
      return 'HeadObject';
    case 'GET':
      return uploading ? 'ListParts' : 'GetObject';
    case 'DELETE':
      return uploading ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      return uploading ? 'CompleteMultipartUpload' : 'CreateMultipartUpload';
    default:
      return uploading ? 'UploadPart' : 'PutObject';
  }
}
