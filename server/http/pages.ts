import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sessions } from '../accounts/sessions.ts';

/** Addresses that anyone may load: the log-in page and what it is made of. */
function isPublic(path: string): boolean {
  return (
    path === '/login' || path.startsWith('/_next/') || /^\/(favicon\.ico|icon[^/]*|robots\.txt)$/.test(path)
  );
}

/**
 * The guard in front of the pages: sends who has no session to log in, and back to the page afterwards.
 * Answers whether it has answered the request.
 */
export async function guardPage(
  request: IncomingMessage,
  response: ServerResponse,
  sessions: Sessions,
): Promise<boolean> {
  const url = request.url ?? '/';
  const path = url.split('?', 1)[0] ?? '/';
  if (isPublic(path) || (await sessions.find(request.headers.cookie)) !== null) return false;
  const next = path === '/' ? '' : `?next=${encodeURIComponent(url)}`;
  response.writeHead(302, { location: `/login${next}`, 'cache-control': 'no-store' }).end();
  return true;
}

/** Headers of every answer: no framing, no sniffing, nothing from other origins. */
export function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'same-origin');
  // Next and the colour-scheme script put small scripts into the page itself.
  response.setHeader(
    'content-security-policy',
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
      "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  );
}
