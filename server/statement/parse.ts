import type { IToken } from 'chevrotain';
import { HoldfastError } from '../errors.ts';
import type { Statement } from './ast.ts';
import { foldCase } from './literals.ts';
import { notYet } from './not-yet.ts';
import type { ErrorAt } from './options.ts';
import { StatementParser } from './parser.ts';
import * as t from './tokens.ts';

const parser = new StatementParser();

/**
 * Reads the statements of a text, separated by `;`. Nothing but white space, comments and semicolons: none.
 *
 * Throws HoldfastError with the 1-based position, in characters, of what is wrong: `syntax` (other SQL too),
 * `unsupported` for what CockroachDB has and Holdfast doesn't have yet, `invalid-value` for options and names.
 * Its message never repeats a string of the statement: backup URLs carry credentials.
 */
export function parseStatements(sql: string): Statement[] {
  // The lexer has a token for everything (`Other`), so that errors are the parser's alone, at their place.
  const { tokens } = t.lexer.tokenize(sql);
  const errorAt: ErrorAt = (code, message, token, details) =>
    new HoldfastError(code, message, { ...details, position: characters(sql, token.startOffset) + 1 });

  const statements: Statement[] = [];
  let start = 0;
  for (let end = 0; end <= tokens.length; end++) {
    const separator = tokens[end];
    if (separator !== undefined && separator.tokenType !== t.Semicolon) continue;
    if (end > start) statements.push(parseOne(sql, tokens.slice(start, end), separator, errorAt));
    start = end + 1;
  }
  return statements;
}

function parseOne(sql: string, tokens: IToken[], separator: IToken | undefined, errorAt: ErrorAt): Statement {
  const [first] = tokens;
  const words = tokens.slice(0, 3).map((token) => foldCase(token.image));
  const refused = notYet(words);
  if (refused !== undefined && first !== undefined) {
    throw errorAt('unsupported', `${refused.what} is not supported yet`, first, { hint: refused.hint });
  }

  const statement = parser.parse(tokens, errorAt);
  const [problem] = parser.errors;
  if (problem === undefined && statement !== undefined) return statement;
  if (problem === undefined) throw new Error('the parser answered neither a statement nor an error');

  // The parser's own end-of-input token has no place in the text.
  const at = Number.isNaN(problem.token.startOffset) ? separator : problem.token;
  const hint = hintFor(words, at);
  if (at === undefined) {
    const position = characters(sql, sql.length) + 1;
    throw new HoldfastError('syntax', 'at or near "EOF": syntax error', { hint, position });
  }
  const reason = at.tokenType === t.Unterminated ? 'it is never closed' : 'syntax error';
  throw errorAt('syntax', `at or near "${shown(sql, at)}": ${reason}`, at, { hint });
}

/** The token as an error shows it. Quoted text is hidden, and so is a word glued to it (a stray quote in a URL). */
function shown(sql: string, token: IToken): string {
  const type = token.tokenType;
  if (type === t.PlainString || type === t.EscapeString) return "'…'";
  if (type === t.QuotedName) return '"…"';
  if (type === t.Unterminated) return `${/^(?:[eE]?'|"|\/\*)/.exec(token.image)?.[0] ?? ''}…`;
  const glued = token.startOffset > 0 && /['"]/.test(sql.charAt(token.startOffset - 1));
  if (glued && token.image.length > 1) return '…';
  const text = foldCase(token.image);
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}

const USAGE: Record<string, string> = {
  backup:
    "BACKUP { [TABLE] database.table, … | DATABASE name, … } TO 'url' [AS OF SYSTEM TIME 'time'] " +
    "[INCREMENTAL FROM 'url', …] [WITH detached]",
  restore:
    "RESTORE { [TABLE] database.table, … | DATABASE name, … } FROM 'url', … [AS OF SYSTEM TIME 'time'] " +
    "[WITH into_db = 'name', create_db, skip_missing_foreign_keys, skip_missing_sequences, " +
    'skip_missing_views, detached]',
  verify: "VERIFY BACKUP 'url', … [WITH depth = 'files' | 'checksums' | 'rows', detached]",
  drill: "DRILL BACKUP 'url', … [WITH detached]",
  pause: 'PAUSE JOB id, or PAUSE JOBS (id, …)',
  resume: 'RESUME JOB id, or RESUME JOBS (id, …)',
  cancel: 'CANCEL JOB id, or CANCEL JOBS (id, …)',
  'show jobs': 'SHOW JOBS [WHEN COMPLETE] [(id, …)]',
  'show job': 'SHOW JOB [WHEN COMPLETE] id',
  'show backup': "SHOW BACKUP [SCHEMAS] 'url'",
};

/** For any SQL that is not one of ours. */
export const OTHER_SQL_HINT =
  'This port takes BACKUP, RESTORE, VERIFY BACKUP, DRILL BACKUP, SHOW BACKUP, SHOW JOBS and CANCEL JOB. ' +
  'Send other SQL to the cluster itself: connect to its own port.';

function hintFor(words: string[], at: IToken | undefined): string {
  const [first = '', second = ''] = words;
  const usage = Object.hasOwn(USAGE, first) ? USAGE[first] : USAGE[`${first} ${second}`];
  if (usage === undefined) return OTHER_SQL_HINT;
  if (at?.tokenType === t.QuotedName || at?.image.startsWith('"')) {
    return `URLs and times are strings, in single quotes: ${usage}`;
  }
  if (at?.image === '$') return `Parameters are not taken: write the values out. ${usage}`;
  return `The statement is: ${usage}`;
}

/** How many characters (not UTF-16 units) come before the offset. */
function characters(text: string, offset: number): number {
  let count = 0;
  for (let at = 0; at < offset; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}
