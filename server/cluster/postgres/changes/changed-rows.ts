import { KeySpool, PARTS } from '../../key-spool.ts';

/** Characters in memory, of all tables together. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/**
 * What a row became, by its key's COPY text, each character a byte: `line` is its own COPY text, without the newline.
 * `look-up`: the WAL doesn't tell all of it.
 */
export type RowChange =
  | { kind: 'row'; key: string; line: string }
  | { kind: 'deleted'; key: string }
  | { kind: 'look-up'; key: string };

/** In files: the key, what separates it from the rest, a sign, and the line. */
const SIGNS = { row: '+', deleted: '-', 'look-up': '?' } as const;
/** No text of PostgreSQL's has it. */
const SEPARATOR = '\0';

/** The changed rows of several tables by their oids, each as its last change left it; of any number. */
export class ChangedRows {
  readonly #tables = new Map<number, Table>();
  readonly #most: number;
  #characters = 0;

  /** `most`: characters that are held in memory. */
  constructor(most: number = MOST_CHARACTERS) {
    this.#most = most;
  }

  /** Notes a change; one of the same row that was noted before doesn't count any more. See `makeRoom`. */
  note(oid: number, change: RowChange): void {
    this.#table(oid).note(change);
    // One that takes another's place counts too: that makes room somewhat early, and less work.
    this.#characters += change.key.length + (change.kind === 'row' ? change.line.length : 0);
  }

  /** Moves to files what has become too much; to be awaited now and then while changes are noted. */
  async makeRoom(): Promise<void> {
    if (this.#characters <= this.#most) return;
    for (const table of this.#tables.values()) await table.spill();
    this.#characters = 0;
  }

  /** From now on it is known that not all changes of a table are, and why. */
  markBroken(oid: number, why: string): void {
    this.#table(oid).broken = why;
  }

  /** Why not all changes of a table are known; null where they are. */
  whyBroken(oid: number): string | null {
    return this.#tables.get(oid)?.broken ?? null;
  }

  /** Each changed row of a table once, some at a time; may be asked for again. */
  async *of(oid: number): AsyncGenerator<readonly RowChange[], void> {
    const table = this.#tables.get(oid);
    if (table !== undefined) yield* table.changes();
  }

  async dispose(): Promise<void> {
    for (const table of this.#tables.values()) await table.dispose();
  }

  #table(oid: number): Table {
    let table = this.#tables.get(oid);
    if (table === undefined) this.#tables.set(oid, (table = new Table()));
    return table;
  }
}

class Table {
  broken: string | null = null;
  readonly #held = new Map<string, RowChange>();
  /** What didn't fit: changes that are held come after them. */
  #spilled: KeySpool | null = null;

  note(change: RowChange): void {
    this.#held.set(change.key, change);
  }

  async spill(): Promise<void> {
    this.#spilled ??= new KeySpool();
    for (const [key, change] of this.#held) this.#spilled.put(printed(change), key);
    this.#held.clear();
    await this.#spilled.spill();
  }

  async *changes(): AsyncGenerator<RowChange[], void> {
    if (this.#spilled === null) {
      yield [...this.#held.values()];
      return;
    }
    await this.spill();
    for (let part = 0; part < PARTS; part++) {
      const last = new Map<string, RowChange>();
      for (const entry of await this.#spilled.entries(part)) {
        const change = parsed(entry);
        last.set(change.key, change);
      }
      yield [...last.values()];
    }
  }

  async dispose(): Promise<void> {
    this.#held.clear();
    await this.#spilled?.dispose();
  }
}

function printed(change: RowChange): string {
  return change.key + SEPARATOR + SIGNS[change.kind] + (change.kind === 'row' ? change.line : '');
}

function parsed(entry: string): RowChange {
  const end = entry.indexOf(SEPARATOR);
  const key = entry.slice(0, end);
  switch (entry.charAt(end + 1)) {
    case SIGNS.row:
      return { kind: 'row', key, line: entry.slice(end + 2) };
    case SIGNS.deleted:
      return { kind: 'deleted', key };
    default:
      return { kind: 'look-up', key };
  }
}
