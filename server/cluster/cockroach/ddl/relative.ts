import { isName, print, type Token, tokenize } from './lexer.ts';

/** Whether `schema.name` is an object that a definition can mean. */
export type Knows = (schema: string, name: string) => boolean;

/** Functions whose text argument is a name. */
const NAMING = new Set(['nextval', 'currval', 'setval', 'pg_get_serial_sequence']);
/** Types that a text is cast to when it is a name. */
const REG_TYPES = new Set(['regclass', 'regtype']);

/**
 * Takes the database out of the names in a definition (`shop.public.orders` → `public.orders`), so that it can run
 * in a database of another name. Texts that are names are treated too (`nextval('shop.public.no')`,
 * `'shop.public.no'::REGCLASS`), no other text is. Only names that `knows` confirms are changed: `shop.a.b` may
 * also be a column.
 */
export function withoutDatabase(sql: string, database: string, knows: Knows): string {
  const tokens = tokenize(sql);
  const kept: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (isQualified(tokens, at, database, knows)) at += 1;
    else if (token.kind === 'string' && standsForName(tokens, at))
      kept.push({ ...token, text: relativeText(token, database, knows) });
    else kept.push(token);
  }
  return print(kept);
}

/** Whether `database.schema.name` begins here. */
function isQualified(tokens: Token[], at: number, database: string, knows: Knows): boolean {
  const [first, dot, schema, secondDot, name] = tokens.slice(at, at + 5);
  return (
    tokens[at - 1]?.text !== '.' &&
    isName(first) &&
    first.value === database &&
    dot?.text === '.' &&
    isName(schema) &&
    secondDot?.text === '.' &&
    isName(name) &&
    knows(schema.value, name.value)
  );
}

function standsForName(tokens: Token[], at: number): boolean {
  const cast = tokens[at + 1]?.text;
  if ((cast === '::' || cast === ':::') && REG_TYPES.has(tokens[at + 2]?.value ?? '')) return true;
  return tokens[at - 1]?.text === '(' && NAMING.has(tokens[at - 2]?.value ?? '');
}

function relativeText(token: Token, database: string, knows: Knows): string {
  const name = withoutDatabase(token.value, database, knows);
  return name === token.value ? token.text : `'${name.replaceAll("'", "''")}'`;
}
