import { createToken, Lexer } from 'chevrotain';
import type { CustomPatternMatcherFunc, TokenType } from 'chevrotain';

/**
 * The words and marks of the statements, read as PostgreSQL and CockroachDB read them. Everything is a token:
 * what no rule knows becomes `Other`, so that the parser reports it at its place. Quoted things and comments are
 * scanned by hand, in one pass, whatever the input: a hostile text must not cost quadratic time.
 */

/** Matches a sticky regular expression at the offset. */
function sticky(pattern: RegExp): CustomPatternMatcherFunc {
  return (text, offset) => {
    pattern.lastIndex = offset;
    const found = pattern.exec(text);
    return found === null ? null : [found[0]];
  };
}

/** Where the quoted thing that opens at `start` ends (exclusive), or null when it never does. Doubled quotes stand for one. */
function endOfQuoted(text: string, start: number, backslashEscapes: boolean): number | null {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (backslashEscapes && text[at] === '\\') at++;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return null;
}

function quoted(open: string, quoteAt: number, backslashEscapes: boolean): CustomPatternMatcherFunc {
  return (text, offset) => {
    if (text.slice(offset, offset + open.length).toLowerCase() !== open) return null;
    const end = endOfQuoted(text, offset + quoteAt, backslashEscapes);
    return end === null ? null : [text.slice(offset, end)];
  };
}

/** A comment in the style of C; it nests, as in PostgreSQL. */
const blockComment: CustomPatternMatcherFunc = (text, offset) => {
  if (!text.startsWith('/*', offset)) return null;
  let depth = 1;
  for (let at = offset + 2; at < text.length; at++) {
    if (text.startsWith('/*', at)) {
      depth++;
      at++;
    } else if (text.startsWith('*/', at)) {
      depth--;
      at++;
      if (depth === 0) return [text.slice(offset, at + 1)];
    }
  }
  return null;
};

/** Every UTF-16 unit from one to another: with such hints the lexer tries only the tokens that can start there. */
function units(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

const skipped = { group: Lexer.SKIPPED, line_breaks: true };

const WhiteSpace = createToken({ name: 'WhiteSpace', pattern: /\s+/, ...skipped });
const LineComment = createToken({ name: 'LineComment', pattern: /--[^\r\n]*/, group: Lexer.SKIPPED });
const BlockComment = createToken({
  name: 'BlockComment',
  pattern: blockComment,
  start_chars_hint: ['/'],
  ...skipped,
});

export const StringLiteral = createToken({ name: 'StringLiteral', pattern: Lexer.NA });
export const PlainString = createToken({
  name: 'PlainString',
  pattern: quoted("'", 0, false),
  start_chars_hint: ["'"],
  line_breaks: true,
  categories: [StringLiteral],
});
export const EscapeString = createToken({
  name: 'EscapeString',
  pattern: quoted("e'", 1, true),
  start_chars_hint: ['e', 'E'],
  line_breaks: true,
  categories: [StringLiteral],
});

/** Any word, after a dot or `=`, where no keyword can be meant. */
export const AnyWord = createToken({ name: 'AnyWord', pattern: Lexer.NA });
/** A word or quoted identifier where a name may stand: everything but the reserved words. */
export const Name = createToken({ name: 'Name', pattern: Lexer.NA, categories: [AnyWord] });

export const QuotedName = createToken({
  name: 'QuotedName',
  pattern: quoted('"', 0, false),
  start_chars_hint: ['"'],
  line_breaks: true,
  categories: [Name],
});
/** A string, quoted identifier or comment that is opened and never closed: the rest of the text. */
export const Unterminated = createToken({
  name: 'Unterminated',
  pattern: sticky(/(?:'|[eE]'|"|\/\*)[\s\S]*/y),
  start_chars_hint: ["'", 'e', 'E', '"', '/'],
  line_breaks: true,
});

// PostgreSQL takes every character past ASCII as a letter; white space among them (a pasted no-break space) is not.
export const Identifier = createToken({
  name: 'Identifier',
  pattern: sticky(/[[A-Z_a-z\u{80}-\u{10FFFF}]--\s][[$0-9A-Z_a-z\u{80}-\u{10FFFF}]--\s]*/vy),
  start_chars_hint: [...units(0x41, 0x5a), 0x5f, ...units(0x61, 0x7a), ...units(0x80, 0xffff)],
  line_breaks: false,
  categories: [Name],
});

export const NumberLiteral = createToken({ name: 'NumberLiteral', pattern: /\d+(?:\.\d*)?|\.\d+/ });
export const Comma = createToken({ name: 'Comma', pattern: ',' });
export const Dot = createToken({ name: 'Dot', pattern: '.' });
export const Star = createToken({ name: 'Star', pattern: '*' });
export const Equals = createToken({ name: 'Equals', pattern: '=' });
export const Minus = createToken({ name: 'Minus', pattern: '-' });
export const LeftParen = createToken({ name: 'LeftParen', pattern: '(' });
export const RightParen = createToken({ name: 'RightParen', pattern: ')' });
export const Semicolon = createToken({ name: 'Semicolon', pattern: ';' });
const Other = createToken({
  name: 'Other',
  pattern: sticky(/[^]/uy),
  start_chars_hint: units(0, 0xffff),
  line_breaks: true,
});

function keyword(word: string, category: TokenType): TokenType {
  return createToken({
    name: word.toUpperCase(),
    pattern: new RegExp(word, 'i'),
    longer_alt: Identifier,
    categories: [category],
  });
}

// Reserved: where one of these stands bare, no name is meant. `quoteIdent` quotes them all.
export const As = keyword('as', AnyWord);
export const Database = keyword('database', AnyWord);
export const From = keyword('from', AnyWord);
export const Incremental = keyword('incremental', AnyWord);
export const Into = keyword('into', AnyWord);
export const Table = keyword('table', AnyWord);
export const To = keyword('to', AnyWord);
export const When = keyword('when', AnyWord);
export const With = keyword('with', AnyWord);
export const In = keyword('in', AnyWord);

// Words of the statements that are names elsewhere: `BACKUP system.users`.
export const Backup = keyword('backup', Name);
export const Cancel = keyword('cancel', Name);
export const Complete = keyword('complete', Name);
export const Drill = keyword('drill', Name);
export const Job = keyword('job', Name);
export const Jobs = keyword('jobs', Name);
export const Of = keyword('of', Name);
export const Options = keyword('options', Name);
export const Pause = keyword('pause', Name);
export const Restore = keyword('restore', Name);
export const Resume = keyword('resume', Name);
export const Schemas = keyword('schemas', Name);
export const Show = keyword('show', Name);
export const System = keyword('system', Name);
export const Time = keyword('time', Name);
export const Verify = keyword('verify', Name);

/** In the order in which the lexer tries them: the first that matches wins. */
export const allTokens: TokenType[] = [
  ...[WhiteSpace, LineComment, BlockComment],
  ...[StringLiteral, PlainString, EscapeString, AnyWord, Name, QuotedName, Unterminated],
  // A keyword that another one starts with comes after it.
  ...[As, Database, From, Incremental, Into, In, Table, To, When, With],
  ...[
    Backup,
    Cancel,
    Complete,
    Drill,
    Jobs,
    Job,
    Of,
    Options,
    Pause,
    Restore,
    Resume,
    Schemas,
    Show,
    System,
    Time,
    Verify,
  ],
  ...[Identifier, NumberLiteral, Comma, Dot, Star, Equals, Minus, LeftParen, RightParen, Semicolon, Other],
];

export const lexer = new Lexer(allTokens, { positionTracking: 'onlyOffset', ensureOptimizations: true });
