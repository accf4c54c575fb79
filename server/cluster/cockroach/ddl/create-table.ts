import { depths, isName, print, type Token, tokenize } from './lexer.ts';

/**
 * Takes the defaults of these columns out of a CREATE TABLE, so that they can be set once what they need is there
 * (or left out with it). Answers the statement without them, and each column's expression.
 */
export function takeDefaults(
  createTable: string,
  columns: ReadonlySet<string>,
): { create: string; defaults: Map<string, string> } {
  const tokens = tokenize(createTable);
  const depth = depths(tokens);
  const kept: Token[] = [];
  const defaults = new Map<string, string>();
  let column: string | null = null;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (depth[at] === 1 && startsDefinition(tokens, at)) column = isName(token) ? token.value : null;
    const isDefault = depth[at] === 1 && token.kind === 'word' && token.value === 'default';
    if (!isDefault || column === null || !columns.has(column)) {
      kept.push(token);
      continue;
    }
    let end = at + 1;
    while (end < tokens.length && !endsDefault(tokens[end], depth[end] ?? 0)) end++;
    defaults.set(column, print(tokens.slice(at + 1, end)).trim());
    at = end - 1;
  }
  return { create: print(kept), defaults };
}

/** Whether a column or constraint begins here: behind the opening parenthesis or a comma, spaces aside. */
function startsDefinition(tokens: Token[], at: number): boolean {
  if (tokens[at]?.kind === 'space') return false;
  const before = tokens[at - 1]?.kind === 'space' ? tokens[at - 2] : tokens[at - 1];
  return before?.text === '(' || before?.text === ',';
}

function endsDefault(token: Token | undefined, depth: number): boolean {
  if (token === undefined || depth < 1) return true;
  return depth === 1 && (token.text === ',' || (token.kind === 'word' && token.value === 'on'));
}

/**
 * Takes the definitions of these columns out of a CREATE TABLE. The shard of a hash-sharded index is made by its
 * `USING HASH`; said in so many words, CockroachDB 21.1 refuses some of its own ("context-dependent operators are
 * not allowed in computed column", of a TIMESTAMPTZ).
 */
export function withoutColumns(createTable: string, columns: ReadonlySet<string>): string {
  const tokens = tokenize(createTable);
  const depth = depths(tokens);
  const kept: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const isColumn = depth[at] === 1 && startsDefinition(tokens, at) && isName(token);
    if (!isColumn || !columns.has(token.value)) {
      kept.push(token);
      continue;
    }
    // A table constraint always follows: the primary key.
    while (at < tokens.length && !(depth[at] === 1 && tokens[at]?.text === ',')) at++;
    if (tokens[at + 1]?.kind === 'space') at++;
  }
  return print(kept);
}

/** Takes `PARTITION BY …` of the table and of its indexes out of a CREATE TABLE: it needs a licence to run again. */
export function withoutPartitioning(createTable: string): string {
  return withoutClauses(createTable, {
    beginnings: [
      ['partition', 'by'],
      ['partition', 'all', 'by'],
    ],
    lists: 2,
  });
}

/** Takes `INTERLEAVE IN PARENT …` of the table out of a CREATE TABLE. Nothing else is changed. */
export function withoutInterleaving(createTable: string): string {
  return withoutClauses(createTable, { ...INTERLEAVING, depth: 0 });
}

/**
 * Takes `INTERLEAVE IN PARENT …` of the table's indexes out of a CREATE TABLE. CockroachDB 21.1 prints it there and
 * refuses to read it ("use CREATE INDEX to make interleaved indexes").
 */
export function withoutIndexInterleaving(createTable: string): string {
  return withoutClauses(createTable, { ...INTERLEAVING, depth: 1 });
}

const INTERLEAVING = { beginnings: [['interleave', 'in', 'parent']], lists: 1 };

/** A part of a CREATE TABLE that begins with some words and ends with the last of its lists in parentheses. */
interface Clause {
  beginnings: string[][];
  lists: number;
  /** How deep in parentheses it stands: 0 for the table's, 1 for its indexes'; both when left out. */
  depth?: number;
}

function withoutClauses(sql: string, clause: Clause): string {
  const tokens = tokenize(sql);
  const depth = depths(tokens);
  const kept: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const outside = depth[at] ?? 0;
    const begins =
      (clause.depth ?? outside) === outside &&
      clause.beginnings.some((words) => wordsFollow(tokens, at, words));
    if (!begins) {
      kept.push(token);
      continue;
    }
    for (let closed = 0; at < tokens.length && closed < clause.lists; at++)
      if (tokens[at]?.text === ')' && depth[at] === outside) closed += 1;
    at -= 1;
    if (kept.at(-1)?.kind === 'space') kept.pop();
  }
  return print(kept);
}

function wordsFollow(tokens: Token[], from: number, words: string[]): boolean {
  let at = from;
  for (const word of words) {
    if (at > from && tokens[at]?.kind === 'space') at++;
    if (tokens[at]?.kind !== 'word' || tokens[at]?.value !== word) return false;
    at++;
  }
  return true;
}
