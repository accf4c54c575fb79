/**
 * The path to go to after logging in: only one of our own, never another origin (`//evil`, `/\evil`, `https:…`),
 * never the log-in page itself.
 */
export function safeNextPath(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next)) return '/';
  // eslint-disable-next-line no-control-regex -- browsers drop these from URLs, which would make `/\t/evil` an origin
  if (/[\u0000-\u001f\u007f\\]/.test(next)) return '/';
  const url = new URL(next, 'http://console.invalid');
  // Resolving `..` may have left a path that starts with two slashes, which is another origin once more.
  if (url.origin !== 'http://console.invalid' || url.pathname.startsWith('//') || url.pathname === '/login') {
    return '/';
  }
  // Next's own parameter, there when a link was followed after the session had ended.
  if (url.searchParams.has('_rsc')) {
    url.searchParams.delete('_rsc');
    return `${url.pathname}${url.search}${url.hash}`;
  }
  return next;
}

/** Where to log in, to come back to this path afterwards. */
export function loginPath(path: string, ended: boolean): string {
  const query = new URLSearchParams();
  const next = safeNextPath(path);
  if (next !== '/') query.set('next', next);
  if (ended) query.set('ended', '1');
  const text = query.toString();
  return text === '' ? '/login' : `/login?${text}`;
}
