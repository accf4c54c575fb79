import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Behaviour } from '../server.ts';
import { noSuchUpload, OBJECT, root, uploadPath, type Asked, type Context } from './s3rver.ts';

// What s3rver has not, or not so that it can be used.

export async function abortUpload(context: Context, { bucket }: Asked): Promise<void> {
  const id = context.query['uploadId'] ?? '';
  if (!existsSync(uploadPath(bucket, id))) throw noSuchUpload(id);
  await rm(uploadPath(bucket, id), { recursive: true, force: true });
  context.status = 204;
}

export async function listParts(context: Context, { bucket, key }: Asked): Promise<void> {
  const id = context.query['uploadId'] ?? '';
  const files = await readdir(uploadPath(bucket, id)).catch(() => null);
  if (files === null) throw noSuchUpload(id);
  const parts = files.flatMap((file) => /^\d+/.exec(file)?.[0] ?? []);
  answer(context, 'ListPartsResult', [
    ['Bucket', bucket],
    ['Key', key],
    ['UploadId', id],
    ...parts.map((number): Named => ['Part', [['PartNumber', number]]]),
  ]);
}

/** One a page, so that pages are turned. */
export async function listUploads(context: Context, { bucket }: Asked): Promise<void> {
  const { prefix = '', 'key-marker': keyMarker = '', 'upload-id-marker': idMarker = '' } = context.query;
  const ids = await readdir(uploadPath(bucket, '')).catch(() => []);
  const uploads: { key: string; id: string }[] = [];
  for (const id of ids) {
    const key = await readFile(join(uploadPath(bucket, id), 'key'), 'utf8').catch(() => null);
    if (key?.startsWith(prefix)) uploads.push({ key, id });
  }
  const place = ({ key, id }: { key: string; id: string }): string => `${key}\0${id}`;
  const rest = uploads
    .filter((upload) => place(upload) > place({ key: keyMarker, id: idMarker }))
    .sort((one, other) => (place(one) < place(other) ? -1 : 1));
  const [first] = rest;
  answer(context, 'ListMultipartUploadsResult', [
    ['Bucket', bucket],
    ['IsTruncated', rest.length > 1],
    ['NextKeyMarker', first?.key ?? ''],
    ['NextUploadIdMarker', first?.id ?? ''],
    ...rest.slice(0, 1).map(({ key, id }): Named => [
      'Upload',
      [
        ['Key', key],
        ['UploadId', id],
      ],
    ]),
  ]);
}

export async function listObjects(
  context: Context,
  { bucket }: Asked,
  { pageSize }: Behaviour,
): Promise<void> {
  const { prefix = '', 'continuation-token': token = '', 'max-keys': most = '1000' } = context.query;
  const after = Buffer.from(token, 'base64');
  const files = await readdir(join(root, bucket), { recursive: true });
  const keys = files
    .filter((file) => file.endsWith(OBJECT))
    .map((file) => Buffer.from(file.slice(0, -OBJECT.length)))
    .filter((key) => key.toString().startsWith(prefix) && key.compare(after) > 0)
    .sort((one, other) => one.compare(other));
  const page = keys.slice(0, Math.min(pageSize, Number(most)));
  const contents: Named[] = [];
  for (const key of page) {
    const size = await stat(join(root, bucket, `${key.toString()}${OBJECT}`)).then(
      ({ size }) => size,
      () => null,
    );
    if (size !== null)
      contents.push([
        'Contents',
        [
          ['Key', key.toString()],
          ['Size', size],
        ],
      ]);
  }
  const more = page.length < keys.length;
  answer(context, 'ListBucketResult', [
    ['Name', bucket],
    ['Prefix', prefix],
    ['KeyCount', contents.length],
    ['IsTruncated', more],
    ...(more ? [['NextContinuationToken', page.at(-1)?.toString('base64') ?? ''] satisfies Named] : []),
    ...contents,
  ]);
}

type Named = [string, string | number | boolean | Named[]];

/** In XML of its own: s3rver escapes names twice. */
function answer(context: Context, ...result: Named): void {
  context.set('Content-Type', 'application/xml');
  context.body = `<?xml version="1.0" encoding="UTF-8"?>\n${xml(result)}`;
}

function xml([element, content]: Named): string {
  const inside = Array.isArray(content)
    ? content.map(xml).join('')
    : String(content).replace(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<${element}>${inside}</${element}>`;
}
