import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** What the adapter asks in one go, up to the server's "ready". */
export interface Request {
  /** The node that is asked, as the cluster counts. */
  node: number;
  database: string;
  user: string;
  /** The BEGIN of the transaction that it is part of; null outside: its AS OF SYSTEM TIME decides what is answered. */
  within: string | null;
  sql: string;
  /** Null for the simple protocol. */
  parameters: (string | null)[] | null;
}

/** A part of the server's answer, in order. Values are texts as they came. */
function partSchemaOf<Value extends z.ZodType>(value: Value) {
  return z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('rows'),
      /** Names and type OIDs. */
      columns: z.array(z.tuple([z.string(), z.number()])),
      rows: z.array(z.array(value.nullable())),
    }),
    z.object({ kind: z.literal('done'), tag: z.string() }),
    z.object({ kind: z.literal('empty') }),
    /** Its fields by their letters: `C` the SQLSTATE, `M` the message. */
    z.object({ kind: z.literal('error'), fields: z.record(z.string(), z.string()) }),
  ]);
}

const statusSchema = z.enum(['I', 'T', 'E']);
export type Part = z.infer<ReturnType<typeof partSchemaOf<z.ZodString>>>;
export interface Answer {
  parts: Part[];
  /** Outside a transaction, in one, in one that failed. */
  status: z.infer<typeof statusSchema>;
}

export interface Recording {
  /** Answers by request, in the order in which they came; the last one stands for all that follow. */
  exchanges: { request: string; answers: Answer[] }[];
  /** What the adapter made of them, by scenario. */
  results: Record<string, unknown>;
}

/** The recording as a file has it: a value that is a number is one of `texts`, which are kept once. */
const fileSchema = z.object({
  texts: z.array(z.string()),
  exchanges: z.array(
    z.object({
      request: z.string(),
      answers: z.array(
        z.object({ parts: z.array(partSchemaOf(z.union([z.string(), z.number()]))), status: statusSchema }),
      ),
    }),
  ),
  results: z.record(z.string(), z.unknown()),
});

/** Values from this length on go into `texts`: descriptors are read again and again. */
const LONG = 200;

/** The request as a text: the same for the same question however the statement is laid out. */
export function requestKey({ node, database, user, within, sql, parameters }: Request): string {
  const flat = (statement: string) => statement.replaceAll(/\s+/g, ' ').trim();
  return JSON.stringify([
    `node ${node}, ${user}, database ${database}`,
    ...(within === null ? [] : [flat(within)]),
    flat(sql),
    ...(parameters === null ? [] : [parameters]),
  ]);
}

export async function loadRecording(file: string): Promise<Recording> {
  const { texts, exchanges, results } = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const textOf = (value: string | number | null) =>
    typeof value === 'number' ? (texts[value] ?? null) : value;
  return {
    exchanges: exchanges.map(({ request, answers }) => ({
      request,
      answers: answers.map(({ parts, status }) => ({
        status,
        parts: parts.map((part) =>
          part.kind === 'rows' ? { ...part, rows: part.rows.map((row) => row.map(textOf)) } : part,
        ),
      })),
    })),
    results,
  };
}

/** One exchange a line, so that a change of one shows as such. */
export async function saveRecording(file: string, { exchanges, results }: Recording): Promise<void> {
  const texts = new Map<string, number>();
  const keep = (value: string | null) => {
    if (value === null || value.length < LONG) return value;
    const known = texts.get(value) ?? texts.size;
    texts.set(value, known);
    return known;
  };
  const lines = [...exchanges]
    .sort((a, b) => (a.request < b.request ? -1 : 1))
    .map(({ request, answers }) => {
      const kept = answers.map(({ parts, status }) => ({
        parts: parts.map((part) =>
          part.kind === 'rows' ? { ...part, rows: part.rows.map((row) => row.map(keep)) } : part,
        ),
        status,
      }));
      return JSON.stringify({ request, answers: kept });
    });
  const list = (items: string[]) => `[\n${items.join(',\n')}\n]`;
  const long = list([...texts.keys()].map((text) => JSON.stringify(text)));
  const scenarios = Object.entries(results).map(
    ([name, result]) => `${JSON.stringify(name)}:${JSON.stringify(result)}`,
  );
  await writeFile(
    file,
    `{"texts":${long},\n"exchanges":${list(lines)},\n"results":{\n${scenarios.join(',\n')}\n}}\n`,
  );
}
