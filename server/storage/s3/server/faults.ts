import type { Readable } from 'node:stream';
import type { Fault } from '../server.ts';
import type { Context } from './s3rver.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const REFUSALS = {
  busy: { status: 503, Code: 'SlowDown', Message: 'Please reduce your request rate.' },
  conflict: {
    status: 409,
    Code: 'ConditionalRequestConflict',
    Message: 'A conflicting conditional operation is currently in progress against this resource.',
  },
  damaged: {
    status: 400,
    Code: 'BadDigest',
    Message: 'The CRC32 you specified did not match what we received.',
  },
  elsewhere: {
    status: 301,
    Code: 'PermanentRedirect',
    Message: 'The bucket you are attempting to access must be addressed using the specified endpoint.',
  },
};

/** Whether that was all of the answer. */
export async function failed(context: Context, { how, retryAfter }: Fault): Promise<boolean> {
  switch (how) {
    case 'busy':
    case 'conflict':
    case 'damaged':
    case 'elsewhere': {
      const { status, ...error } = REFUSALS[how];
      context.req.resume();
      if (retryAfter !== undefined) context.set('Retry-After', String(retryAfter));
      context.status = status;
      context.body = { Error: error };
      return true;
    }
    case 'reset':
      // In the midst of the body.
      context.req.once('data', () => cutOff(context));
      if (context.req.headers['content-length'] === undefined) cutOff(context);
      context.respond = false;
      return true;
    case 'stall':
      context.respond = false;
      context.req.pause();
      return true;
    case 'lost':
    case 'cut':
    case 'hang':
      return false;
  }
}

export function cutOff(context: Context): void {
  context.respond = false;
  context.req.socket.resetAndDestroy();
}

/** Half of the body, then the end of the connection or nothing any more. */
export async function breakOff(context: Context, body: Readable, hang: boolean): Promise<void> {
  context.respond = false;
  const length = Number(context.res.getHeader('Content-Length'));
  context.res.writeHead(context.status);
  let sent = 0;
  for await (const chunk of body) {
    const part = (chunk as Buffer).subarray(0, Math.floor(length / 2) - sent);
    sent += part.length;
    await new Promise((resolve) => context.res.write(part, resolve));
    if (sent >= Math.floor(length / 2)) break;
  }
  if (!hang) context.req.socket.destroy();
}
