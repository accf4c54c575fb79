import { readParameters } from '../parameters.ts';
import { invalid, pathSegments, printPath, type UrlParts } from '../url.ts';

/** Files on a server that takes PUT, GET, HEAD and DELETE, as WebDAV servers and nginx do. */
export interface HttpLocation {
  scheme: 'http' | 'https';
  /** With the port where the URL has one. */
  host: string;
  /** Decoded, `/` between parts, at least one part. */
  path: string;
  /** `unstated`: the URL says nothing of them: those of a saved destination, else none. */
  credentials:
    | { kind: 'basic'; user: string; password: string }
    /** Can't be written in a URL: only a saved destination has it. */
    | { kind: 'bearer'; token: string }
    | { kind: 'unstated' };
  /** The URL in its normal form, without secrets: what is printed and recorded. */
  redacted: string;
}

export function parseHttp(parts: UrlParts): HttpLocation {
  const scheme = parts.scheme === 'https' ? 'https' : 'http';
  const at = parts.host.lastIndexOf('@');
  const authority = parts.host.slice(at + 1);
  const host = readHost(parts, scheme, authority);
  readParameters(parts, scheme);
  const segments = pathSegments(parts);
  return {
    scheme,
    host,
    path: segments.join('/'),
    credentials: at < 0 ? { kind: 'unstated' } : readBasic(parts, parts.host.slice(0, at)),
    redacted: `${scheme}://${host}/${printPath(segments)}`,
  };
}

function readHost(parts: UrlParts, scheme: string, authority: string): string {
  const problem = authority === '' ? 'it has no host' : 'its host can’t be understood';
  const hint = `Write '${scheme}://host:8080/path', a user and password before the host as user:password@.`;
  if (!/^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(:\d{1,5})?$/.test(authority)) throw invalid(parts, problem, hint);
  try {
    return new URL(`${scheme}://${authority}`).host;
  } catch {
    throw invalid(parts, problem, hint);
  }
}

function readBasic(parts: UrlParts, userinfo: string): HttpLocation['credentials'] {
  const [, user = '', password] = /^([^:]*):(.*)$/s.exec(userinfo) ?? [];
  if (user === '' || password === undefined)
    throw invalid(
      parts,
      'what stands before the @ is not user:password',
      'Write a @, : or / that belongs to them as %40, %3A or %2F.',
    );
  try {
    return { kind: 'basic', user: decodeURIComponent(user), password: decodeURIComponent(password) };
  } catch {
    return { kind: 'basic', user, password };
  }
}
