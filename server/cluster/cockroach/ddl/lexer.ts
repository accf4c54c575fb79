export type TokenKind = 'space' | 'word' | 'quoted' | 'string' | 'symbol';

/** A piece of SQL as CockroachDB prints it; all pieces together are the whole text. */
export interface Token {
  kind: TokenKind;
  text: string;
  /** What an identifier or a string stands for; for the rest its text. */
  value: string;
}

const PATTERNS: [TokenKind, RegExp][] = [
  // Comments count as space: nothing in them is a name.
  ['space', /(?:\s|--[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  // e'…' and b'…' have backslash escapes; x'…' and B'…' hold digits alone.
  ['string', /[eEbBxX]'(?:[^'\\]|\\[\s\S]|'')*'/y],
  ['string', /'(?:[^']|'')*'/y],
  ['string', /\$([A-Za-z_]*)\$[\s\S]*?\$\1\$/y],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['word', /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y],
  ['symbol', /:::|::|[0-9]+(?:\.[0-9]+)?|[\s\S]/y],
];

/** Splits SQL into tokens. Never fails: what nothing else fits is a symbol. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length;) {
    const token = tokenAt(sql, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(sql: string, at: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(sql)?.[0];
    if (text !== undefined && text !== '') return { kind, text, value: valueOf(kind, text) };
  }
  throw new Error('a pattern of the lexer takes any character');
}

function valueOf(kind: TokenKind, text: string): string {
  if (kind === 'quoted') return text.slice(1, -1).replaceAll('""', '"');
  if (kind === 'word') return text.toLowerCase();
  // Strings with escapes are never names that we look for: CockroachDB prints plain ones without.
  if (kind === 'string' && text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  return text;
}

export function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted';
}

export function print(tokens: Token[]): string {
  return tokens.map(({ text }) => text).join('');
}

/** How deep in parentheses each token stands; a parenthesis itself counts as outside. */
export function depths(tokens: Token[]): number[] {
  let depth = 0;
  return tokens.map(({ kind, text }) => {
    if (kind === 'symbol' && text === ')') depth--;
    const here = depth;
    if (kind === 'symbol' && text === '(') depth++;
    return here;
  });
}

/** The statements of a text, without the semicolons between them. */
export function splitStatements(sql: string): string[] {
  const parts: Token[][] = [[]];
  for (const token of tokenize(sql)) {
    if (token.kind === 'symbol' && token.text === ';') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.map((part) => print(part).trim()).filter((part) => part !== '');
}
