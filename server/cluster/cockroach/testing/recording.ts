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
const partSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('rows'),
    columns: z.array(z.tuple([z.string(), z.number()])),
    rows: z.array(z.array(z.string().nullable())),
  }),
  z.object({ kind: z.literal('done'), tag: z.string() }),
  z.object({ kind: z.literal('empty') }),
  /** Its fields by their letters: `C` the SQLSTATE, `M` the message. */
  z.object({ kind: z.literal('error'), fields: z.record(z.string(), z.string()) }),
]);
export type Part = z.infer<typeof partSchema>;

const answerSchema = z.object({ parts: z.array(partSchema), status: z.enum(['I', 'T', 'E']) });
export type Answer = z.infer<typeof answerSchema>;

const recordingSchema = z.object({
  /** What the server called itself. */
  version: z.string(),
  /** Answers by request, in the order in which they came; the last one stands for all that follow. */
  exchanges: z.array(z.object({ request: z.string(), answers: z.array(answerSchema) })),
  /** What the adapter made of them, by scenario. */
  results: z.record(z.string(), z.unknown()),
});
export type Recording = z.infer<typeof recordingSchema>;

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
  return recordingSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** One exchange a line, so that a change of one shows as such. */
export async function saveRecording(file: string, { version, exchanges, results }: Recording): Promise<void> {
  const lines = [...exchanges]
    .sort((a, b) => (a.request < b.request ? -1 : 1))
    .map((exchange) => JSON.stringify(exchange));
  const scenarios = Object.entries(results).map(
    ([name, result]) => `${JSON.stringify(name)}:${JSON.stringify(result)}`,
  );
  await writeFile(
    file,
    `{"version":${JSON.stringify(version)},\n"exchanges":[\n${lines.join(',\n')}\n],\n"results":{\n${scenarios.join(',\n')}\n}}\n`,
  );
}
