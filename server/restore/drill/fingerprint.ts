import { hash } from 'node:crypto';
import { z } from 'zod';

const NEWLINE = 10;
/** Of SHA-256, as unsigned 32-bit numbers. */
const LANES = 8;

/**
 * What rows there are, whatever their order: how many, and the sum of their lines' SHA-256, eight 32-bit lanes that each wrap around. Two
 * tables with the same rows have the same, however often and in whichever pieces each was read; rows that differ in a single
 * byte, or that are there twice instead of once, have another. It finds what went wrong, not what somebody made up to deceive it.
 */
export const rowsPrintSchema = z.object({
  rows: z.int().nonnegative(),
  /** Hex. */
  sum: z.string().length(8 * LANES),
});
export type RowsPrint = z.infer<typeof rowsPrintSchema>;

export const NO_ROWS_PRINT: RowsPrint = { rows: 0, sum: '0'.repeat(8 * LANES) };

/** Takes the print of COPY text that is handed over in chunks; each line is a row, newlines in values are escaped. */
export class RowsPrinter {
  #rows = 0;
  readonly #lanes = new Uint32Array(LANES);
  /** Chunks since the last newline: one line may come in many. */
  #begun: Buffer[] = [];

  update(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      this.#add(this.#begun.length === 0 ? piece : Buffer.concat([...this.#begun, piece]));
      this.#begun = [];
      start = end + 1;
    }
    if (start < chunk.length) this.#begun.push(chunk.subarray(start));
  }

  #add(line: Buffer): void {
    const digest = hash('sha256', line, 'buffer');
    for (let lane = 0; lane < LANES; lane++)
      this.#lanes[lane] = (this.#lanes[lane] ?? 0) + digest.readUInt32LE(4 * lane);
    this.#rows += 1;
  }

  /** Of all whole lines until now. */
  get print(): RowsPrint {
    return { rows: this.#rows, sum: sumOf(this.#lanes) };
  }
}

/** The print of all rows of several pieces. */
export function addPrints(prints: Iterable<RowsPrint>): RowsPrint {
  const lanes = new Uint32Array(LANES);
  let rows = 0;
  for (const print of prints) {
    rows += print.rows;
    for (let lane = 0; lane < LANES; lane++)
      lanes[lane] = (lanes[lane] ?? 0) + Number.parseInt(print.sum.slice(8 * lane, 8 * lane + 8), 16);
  }
  return { rows, sum: sumOf(lanes) };
}

function sumOf(lanes: Uint32Array): string {
  return [...lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('');
}
