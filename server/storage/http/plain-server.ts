import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, rename, stat, unlink } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface PlainOptions {
  /** `user:password`, without which nothing is answered. */
  pair?: string;
  /** Doesn't know `Range`. */
  noRanges?: boolean;
  /** Tells no length. */
  noLengths?: boolean;
  /** 411 to what comes without a length. */
  lengthRequired?: boolean;
  /** Knows MOVE, too, to a URL; or, as behind a proxy that ends TLS, only to a path (nginx) or to a URL of `http` (Apache). */
  move?: 'url' | 'path' | 'http';
}

/**
 * A server that knows PUT, GET, HEAD and DELETE and nothing else, as gateways of object stores do: a file appears when all of it is there,
 * `If-None-Match: *` is heeded, and there are no directories.
 */
export function plainServer(directory: string, options: PlainOptions = {}): RequestListener {
  return (request, response) => {
    void handle(directory, options, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else respond(response, errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR' ? 404 : 500);
    });
  };
}

async function handle(
  directory: string,
  options: PlainOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pair } = options;
  if (pair !== undefined && request.headers.authorization !== `Basic ${Buffer.from(pair).toString('base64')}`)
    return respond(response, 401, { 'www-authenticate': 'Basic realm="files"' });
  const path = pathOf(directory, request.url ?? '/');
  switch (request.method) {
    case 'PUT':
      return put(directory, path, options, request, response);
    case 'GET':
    case 'HEAD':
      return get(path, options, request, response);
    case 'DELETE':
      await unlink(path);
      return respond(response, 204);
    case 'MOVE':
      return move(directory, path, options, request, response);
    default:
      return respond(response, 405);
  }
}

async function put(
  directory: string,
  path: string,
  options: PlainOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (options.lengthRequired === true && request.headers['content-length'] === undefined)
    return respond(response, 411, { connection: 'close' });
  const only = request.headers['if-none-match'] === '*';
  const aside = join(directory, `${createHash('sha256').update(path).digest('hex')}-${randomUUID()}.partial`);
  try {
    await pipeline(request, createWriteStream(aside));
    await mkdir(dirname(path), { recursive: true });
    if (only) await link(aside, path);
    else await rename(aside, path);
    respond(response, 201);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    respond(response, 412);
  } finally {
    await unlink(aside).catch(() => {});
  }
}

async function get(
  path: string,
  options: PlainOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const stats = await stat(path);
  if (!stats.isFile()) return respond(response, 404);
  const asked = options.noRanges === true ? null : /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const start = Number(asked?.[1] ?? 0);
  const end = Math.min(Number(asked?.[2] ?? Infinity), stats.size - 1);
  if (asked !== null && start > end)
    return respond(response, 416, { 'content-range': `bytes */${stats.size}` });
  response.writeHead(asked === null ? 200 : 206, {
    ...(asked === null ? {} : { 'content-range': `bytes ${start}-${end}/${stats.size}` }),
    ...(options.noLengths === true ? {} : { 'content-length': Math.max(0, end - start + 1) }),
  });
  if (request.method === 'HEAD' || stats.size === 0) response.end();
  else await pipeline(createReadStream(path, { start, end }), response);
}

async function move(
  directory: string,
  path: string,
  options: PlainOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const destination = String(request.headers.destination);
  if (options.move === undefined) return respond(response, 405);
  // Apache looks for the file before it looks where it should go.
  if (options.move === 'http') await stat(path);
  if (options.move === 'path' && !destination.startsWith('/')) return respond(response, 400);
  if (options.move === 'http' && !destination.startsWith('http:'))
    return respond(response, destination.startsWith('/') ? 400 : 502);
  await stat(path);
  try {
    await link(path, pathOf(directory, new URL(destination, 'http://host').pathname));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return respond(response, 412);
  }
  await unlink(path);
  respond(response, 201);
}

/** Files are below `files`; what is on its way is beside it. */
function pathOf(directory: string, url: string): string {
  return join(directory, 'files', ...url.split('/').map(decodeURIComponent));
}

function respond(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-length': '0', ...headers }).end();
}

function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}
