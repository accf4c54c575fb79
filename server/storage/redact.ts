/** What stands in place of a secret, as CockroachDB prints it. */
const REDACTED = 'redacted';

/**
 * Parameters whose values may be shown. Everything else is hidden, known secret or not: a misspelt
 * AWS_SECRET_ACCES_KEY is as secret as the right one.
 */
const PUBLIC_PARAMETERS = new Set([
  'AUTH',
  'AWS_ACCESS_KEY_ID',
  'AWS_ENDPOINT',
  'AWS_REGION',
  'AZURE_ACCOUNT_NAME',
  'AZURE_ENDPOINT',
  'S3_STORAGE_CLASS',
]);

/** A parameter's name, as opposed to a piece of a secret that had an `&` in it. */
const PARAMETER_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** A part of a path that holds `…SECRET…=`: a parameter whose `?` was lost or percent-encoded. */
const SECRET_NAME = /secret|token|key|credentials|passw|sig/i;
const EQUALS = /=|%3d/i;

// eslint-disable-next-line no-control-regex -- they are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/g;

/**
 * The URL without its secrets, for messages, logs and records. Takes any text, never throws, and rather hides
 * too much than too little: of a text that is no URL only the harmless beginning is left.
 */
export function redactUrl(url: string): string {
  return redact(url).replace(CONTROL, encodeURIComponent);
}

/** The names of a query's parameters; `redacted` for what doesn't look like one. */
export function parameterNames(query: string): string[] {
  return query.split('&').map((parameter) => redactParameter(parameter).split('=', 1).join());
}

function redact(url: string): string {
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(url)?.[0];
  if (scheme === undefined) {
    if (!/[?#%=@]/.test(url)) return url;
    return (/^[^?#%=@:]*/.exec(url)?.[0] ?? '') + REDACTED;
  }
  const { userinfo, rest } = splitUserinfo(url.slice(scheme.length));
  const [, path = '', query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(rest) ?? [];
  return (
    scheme +
    userinfo +
    redactPath(path) +
    (query === undefined ? '' : `?${query.split('&').map(redactParameter).join('&')}`) +
    (fragment === undefined ? '' : `#${REDACTED}`)
  );
}

/**
 * Hides a password. Passwords get pasted with `/`, `?` and `@` in them, so where there is one it is taken to reach
 * to the last `@` that can still belong to it; an `@` in the path of such a URL then hides the host too.
 */
function splitUserinfo(afterScheme: string): { userinfo: string; rest: string } {
  const authority = /^[^/?#]*/.exec(afterScheme)?.[0] ?? '';
  const oddPort = /^[^[:]*:(?!\d*$)/.test(authority);
  const end = oddPort
    ? afterScheme.lastIndexOf('@')
    : authority.includes('@')
      ? afterScheme.replace(/[?#].*$/s, '').lastIndexOf('@')
      : -1;
  if (end < 0) {
    if (!oddPort) return { userinfo: '', rest: afterScheme };
    return {
      userinfo: '',
      rest: `${authority.slice(0, authority.indexOf(':'))}:${REDACTED}${afterScheme.slice(authority.length)}`,
    };
  }
  const user = /^([^:@/?#]*):/.exec(afterScheme)?.[1];
  return {
    userinfo: user === undefined ? `${REDACTED}@` : `${user}:${REDACTED}@`,
    rest: afterScheme.slice(end + 1),
  };
}

function redactPath(path: string): string {
  const parts = path.split('/');
  const secret = parts.findIndex((part) => SECRET_NAME.test(part) && EQUALS.test(part));
  return secret < 0 ? path : [...parts.slice(0, secret), REDACTED].join('/');
}

function redactParameter(parameter: string): string {
  if (parameter === '') return '';
  const equals = parameter.indexOf('=');
  const name = equals < 0 ? '' : parameter.slice(0, equals);
  if (!PARAMETER_NAME.test(name)) return REDACTED;
  const value = parameter.slice(equals + 1);
  // An endpoint is a URL itself and may carry a password.
  const shown = PUBLIC_PARAMETERS.has(name) && !/[@?=#]|%40|%3f|%3d|%23|%25/i.test(value);
  return `${name}=${shown ? value : REDACTED}`;
}
