import { lendAmong } from '../storage/lending.ts';
import { parseLocation, redactUrl } from '../storage/location.ts';
import type { JobStatement } from './ast.ts';

/** The statement with each URL's credentials spelled out, where another one of its URLs says them. */
export function withCredentials<S extends JobStatement>(statement: S): S {
  if (statement.kind === 'restore') return { ...statement, from: lendAmong(statement.from) };
  if (statement.kind === 'verify' || statement.kind === 'drill')
    return { ...statement, urls: lendAmong(statement.urls) };
  const [to = statement.to, ...incrementalFrom] = lendAmong([statement.to, ...statement.incrementalFrom]);
  return { ...statement, to, incrementalFrom };
}

/** How a URL is printed: its normal form without secrets, as far as it can be parsed. */
export function redact(url: string): string {
  try {
    return parseLocation(url).redacted;
  } catch {
    return redactUrl(url);
  }
}
