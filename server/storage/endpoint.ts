import { invalid, type UrlParts } from './url.ts';

/**
 * Where a service is that speaks a cloud's protocol: `http` or `https`, a host and a port, and perhaps a path (an emulator's
 * account). Null: the cloud's own. Throws `location-invalid`; no message repeats the value, which may hold a password.
 */
export function readEndpoint(parts: UrlParts, name: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  const hint = `It looks like ${name}=https://storage.example.com:9000.`;
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw invalid(parts, `${name} is no URL`, hint);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(parts, `${name} is not of http or https`, hint);
  if (url.username !== '' || url.password !== '')
    throw invalid(parts, `${name} has a user or a password`, 'Credentials have parameters of their own.');
  if (url.search !== '' || url.hash !== '')
    throw invalid(parts, `${name} has more than a host and a path`, hint);
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
