import pMap from 'p-map';
import { z } from 'zod';
import { columnSchema } from '../cluster/descriptor.ts';
import { objectNameSchema } from '../cluster/names.ts';
import { HoldfastError } from '../errors.ts';
import { dataFileSchema } from '../format/manifest.ts';
import { lookAtFile } from '../restore/verify/file.ts';
import { type Finding, findingSchema } from '../restore/verify/finding.ts';
import type { FileGroup, GroupedFile } from '../restore/verify/groups.ts';
import type { VerifyDepth, VerifyStatement } from '../statement/ast.ts';
import { parseLocation } from '../storage/location.ts';
import type { Location } from '../storage/location.ts';
import { storeErrorToHoldfast } from '../storage/open.ts';
import { StoreError, type Store } from '../storage/store.ts';
import type { TaskWork } from './task-worker.ts';

/** To ask for a file's size takes a service's time and nobody's bandwidth: so many at once. */
const SIZES_AT_ONCE = 16;
/** So many findings are kept of each task; more are counted. */
const KEPT = 100;

/** One task of a VERIFY: a `FileGroup`; `layer` counts the URLs of the statement from 0. */
const verifyTaskSchema: z.ZodType<FileGroup> = z.object({
  table: objectNameSchema,
  files: z.array(
    dataFileSchema.pick({ name: true, rows: true, bytes: true, rawBytes: true, sha256: true }).extend({
      table: objectNameSchema,
      layer: z.int(),
      shape: z.int(),
    }),
  ),
  shapes: z.array(z.array(columnSchema.pick({ name: true, type: true, nullable: true }))),
});

/** What a verify task answers: `found` counts also the findings that are not kept. */
export const verifyResultSchema = z.object({
  files: z.int(),
  rows: z.int(),
  bytes: z.int(),
  findings: z.array(findingSchema),
  found: z.int(),
});
type VerifyResult = z.infer<typeof verifyResultSchema>;

/** What a file counts for on the way: bytes as stored, or, where its rows are parsed, of COPY text. */
export function weightOf(file: Pick<GroupedFile, 'bytes' | 'rawBytes'>, depth: VerifyDepth): number {
  return depth === 'rows' ? file.rawBytes : file.bytes;
}

/** Works one task of a VERIFY: looks at some of the files, and answers what is wrong with them. */
export async function workVerifyTask(statement: VerifyStatement, work: TaskWork): Promise<void> {
  const { tools, task } = work;
  const group = verifyTaskSchema.parse(task.body);
  const layers = new OpenedLayers(statement, (location) =>
    tools.openStore(location, tools.waits.of(task.jobId)),
  );
  try {
    const result = await tools.turns.during(() => lookAtGroup(group, statement.options.depth, layers, work));
    const weight = group.files.reduce((sum, file) => sum + weightOf(file, statement.options.depth), 0);
    const storedBytes = statement.options.depth === 'files' ? 0 : result.bytes;
    await work.finish({ rows: result.rows, bytes: weight, storedBytes }, result);
  } finally {
    await layers.close();
  }
}

async function lookAtGroup(
  { files, shapes }: FileGroup,
  depth: VerifyDepth,
  layers: OpenedLayers,
  work: TaskWork,
): Promise<VerifyResult> {
  const result: VerifyResult = { files: 0, rows: 0, bytes: 0, findings: [], found: 0 };
  let done = 0;
  const look = async (file: GroupedFile): Promise<void> => {
    const { location, store } = layers.at(file.layer);
    const weight = weightOf(file, depth);
    const read = depth === 'files' ? 0 : 1;
    const share = weight === 0 ? 0 : file.bytes / weight;
    const matters = await lookAtFile(store, file, shapes[file.shape] ?? [], depth, {
      signal: work.signal,
      // A file that is too long, or read again, counts no more than once.
      onProgress: (bytes, rows) =>
        work.report({
          rows: result.rows + Math.min(rows, file.rows),
          bytes: done + Math.min(bytes, weight),
          storedBytes: read * (result.bytes + Math.floor(Math.min(bytes, weight) * share)),
        }),
    }).catch((error: unknown) => {
      throw error instanceof StoreError ? storeErrorToHoldfast(error, location) : error;
    });
    done += weight;
    result.files += 1;
    result.bytes += file.bytes;
    if (depth === 'rows') result.rows += file.rows;
    work.report({ rows: result.rows, bytes: done, storedBytes: read * result.bytes });
    const place = { layer: file.layer, location: location.redacted, file: file.name, table: file.table };
    const findings: Finding[] = matters.map((matter) => ({ ...matter, ...place }));
    result.findings.push(...findings.slice(0, KEPT - result.findings.length));
    result.found += findings.length;
  };
  await pMap(files, look, { concurrency: depth === 'files' ? SIZES_AT_ONCE : 1, signal: work.signal });
  return result;
}

/** The layers that a task reads from, each opened once. */
class OpenedLayers {
  readonly #statement: VerifyStatement;
  readonly #open: (location: Location) => Store;
  readonly #opened = new Map<number, { location: Location; store: Store }>();

  constructor(statement: VerifyStatement, open: (location: Location) => Store) {
    this.#statement = statement;
    this.#open = open;
  }

  at(layer: number): { location: Location; store: Store } {
    const known = this.#opened.get(layer);
    if (known !== undefined) return known;
    const url = this.#statement.urls[layer];
    if (url === undefined) throw new HoldfastError('internal', `the statement has no layer ${layer}`);
    const location = parseLocation(url, 'source');
    const opened = { location, store: this.#open(location) };
    this.#opened.set(layer, opened);
    return opened;
  }

  async close(): Promise<void> {
    for (const { store } of this.#opened.values()) await store.close();
  }
}
