import type { IncomingMessage } from 'node:http';

/**
 * True when a request that does something, or streams, comes from the console's own pages: browsers say so in
 * Sec-Fetch-Site and Origin, which a page of another site can't forge. What says nothing of where it comes
 * from may only read, and reading needs the session's cookie, which is SameSite=Strict.
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function isSameOrigin(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin, host } = request.headers;
  if (origin === undefined) return site === 'same-origin' || request.method === 'GET';
  if (host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host;
}
