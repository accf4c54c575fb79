/**
 * S3 in a process of its own: s3rver (https://github.com/20minutes/s3rver) with what it lacks of the real service put before it.
 * What was added, and where it is described:
 *
 * - Conditional writes, `If-None-Match: *` on PutObject and CompleteMultipartUpload: s3rver ignores the header.
 *   https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * - Objects that appear at once: s3rver writes into the object itself, so that readers see half of it and an upload that breaks off
 *   leaves half of it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
 * - Multipart uploads that can be listed and aborted, that refuse parts once they are gone, and that check at their end which parts
 *   they are made of: s3rver has no AbortMultipartUpload, ListParts and ListMultipartUploads, and makes an upload of any part.
 * - CRC-32 checksums of requests: a body that doesn't match is refused, as `BadDigest`.
 * - Listings in pages: s3rver makes its tokens with DES, which OpenSSL 3 no longer has. Here they are what comes last.
 * - The first byte alone, `Range: bytes=0-0`: s3rver takes that 0 for the end of the file.
 * - Signatures of virtual-host requests, and of queries with quotes and parentheses, which s3rver computes otherwise than
 *   https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; no request without one; session tokens.
 * - Rights, regions, a clock that is off, and faults, as a test asks for them (../server.ts).
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { PLAIN, type Behaviour, type Order, type Report, type Seen } from '../server.ts';
import { authenticate, authorize, refuseUnknown } from './access.ts';
import { breakOff, cutOff, failed } from './faults.ts';
import { abortUpload, listObjects, listParts, listUploads } from './operations.ts';
import { read, root, S3Error, S3rver, type Context } from './s3rver.ts';
import { RequestStore, STAGING } from './store.ts';

const behaviours = new Map<string, Behaviour>();
const seen: Seen[] = [];

async function front(context: Context, next: () => Promise<void>): Promise<void> {
  const asked = read(context);
  const behaviour = behaviours.get(asked.bucket) ?? PLAIN;
  const { headers } = context;
  const { authorization: _, ...kept } = headers;
  seen.push({ ...asked, headers: kept as Record<string, string>, port: context.req.socket.remotePort ?? 0 });
  const fault = behaviour.faults.find(({ operation, times }) => operation === asked.operation && times > 0);
  if (fault !== undefined) {
    fault.times--;
    if (await failed(context, fault)) return;
  }
  authenticate(context, asked, behaviour);
  authorize(asked, behaviour);
  refuseUnknown(headers, behaviour);
  context.store = new RequestStore(context, behaviour);
  switch (existsSync(join(root, asked.bucket)) ? asked.operation : 'none') {
    case 'AbortMultipartUpload':
      await abortUpload(context, asked);
      break;
    case 'ListParts':
      await listParts(context, asked);
      break;
    case 'ListMultipartUploads':
      if (!behaviour.listsUploads)
        throw new S3Error(
          'NotImplemented',
          'A header you provided implies functionality that is not implemented',
        );
      await listUploads(context, asked);
      break;
    case 'ListObjectsV2':
      await listObjects(context, asked, behaviour);
      break;
    default:
      await next();
  }
  // It was done; nobody is told.
  if (fault?.how === 'lost') cutOff(context);
  if (fault?.how === 'cut' && context.body instanceof Readable) await breakOff(context, context.body, false);
  if (fault?.how === 'hang' && context.body instanceof Readable) await breakOff(context, context.body, true);
}

await mkdir(STAGING, { recursive: true });
const app = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: root,
  serviceEndpoint: 'holdfast.test',
});
app.on('error', () => {});
// After s3rver's logging, XML and host names, before its routes.
app.middleware.splice(-1, 0, front);
const { port } = await app.run();

process.on('message', (order: Order) => {
  let report: Report;
  if (order.what === 'behave') {
    behaviours.set(order.bucket, order.behaviour);
    report = { what: 'done' };
  } else report = { what: 'seen', seen: seen.filter(({ bucket }) => bucket === order.bucket) };
  process.send?.(report);
});
process.on('disconnect', () => process.exit());
process.send?.({ what: 'listening', port } satisfies Report);
