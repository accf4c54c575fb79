import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Metadata } from '../metadata/open.ts';
import type { Services } from '../services.ts';
import type { RequestContext } from '../trpc/context.ts';
import { appRouter } from '../trpc/router.ts';
import { metricsRegistry } from './metrics.ts';
import { isSameOrigin } from './origin.ts';
import { guardPage, setSecurityHeaders } from './pages.ts';

const API = '/api/trpc/';
/** A selection of 100,000 tables is about 8 MB. */
const MOST_BODY_BYTES = 16 * 1024 * 1024;

export interface HttpOptions {
  services: Services;
  metadata: Metadata;
  logger: Logger;
  /** Renders pages: Next's request handler. */
  pages: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/**
 * The console's HTTP server: pages, the API behind them, health and metrics. The API is mounted here and not
 * in a page route, so that pages are bundled without the server's code and one process has one set of pools.
 */
export function createConsoleServer(options: HttpOptions): Server {
  const { services, metadata, logger } = options;
  const metrics = metricsRegistry(metadata);
  const api = createHTTPHandler({
    router: appRouter,
    basePath: API,
    // Queries whose input is long, or holds a backup URL, come as POST: neither fits into an address.
    allowMethodOverride: true,
    maxBodySize: MOST_BODY_BYTES,
    createContext: async ({ req, res }): Promise<RequestContext> => ({
      services,
      session: await services.accounts.sessions.find(req.headers.cookie),
      clientAddress: req.socket.remoteAddress ?? 'unknown',
      userAgent: req.headers['user-agent'] ?? '',
      setCookie: (header) => {
        res.appendHeader('set-cookie', header);
      },
    }),
    onError({ error, path }) {
      if (error.code === 'INTERNAL_SERVER_ERROR') logger.error({ err: error, path }, 'request failed');
    },
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response);
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === '/healthz') return health(response, metadata);
    if (path === '/metrics') {
      const text = await metrics.metrics();
      response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(text);
      return;
    }
    if (path.startsWith(API)) {
      if (!isSameOrigin(request)) {
        response
          .writeHead(403, { 'content-type': 'text/plain' })
          .end('Requests from other origins are refused.\n');
        return;
      }
      response.setHeader('cache-control', 'no-store');
      api(request, response);
      return;
    }
    if (await guardPage(request, response, services.accounts.sessions)) return;
    await options.pages(request, response);
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      logger.error({ err: error, url: request.url?.split('?', 1)[0] }, 'request failed');
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('Internal error; the console’s log has the details.\n');
    });
  });
}

/** 200 when this console can do its work, 503 with the reason when it can't. */
async function health(response: ServerResponse, metadata: Metadata): Promise<void> {
  const reply = (status: number, body: object): void => {
    response
      .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(`${JSON.stringify(body)}\n`);
  };
  try {
    await sql`SELECT 1`.execute(metadata.db);
    reply(200, { status: 'ok' });
  } catch {
    reply(503, { status: 'unavailable', reason: 'the metadata store does not answer' });
  }
}
