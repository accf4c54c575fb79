/** A job has so many tasks at most, however many ranges it has and whatever was estimated: one more only for each table more. */
export const MOST_TASKS = 20_000;

/** From half of its share on, a task may be twice as large so many times before the share is spent. */
const DOUBLINGS = 16;

/**
 * Shares out the tasks of a job while it is planned, without knowing what is still to come. Half of them are for tasks that are
 * full, the other half for what each table has left over at its end; every table has one of those.
 *
 * As long as half of the full ones are left, a task is as large as was planned. After that each one may be larger than the one
 * before, beginning with what they came to: estimates may be thousands of times too small. When all are spent, no task is
 * full any more.
 */
export class TaskBudget {
  readonly #full: number;
  readonly #rests: number;
  readonly #bytesATask: number;
  #fullSpent = 0;
  /** Of full tasks as large as was planned. */
  #bytesSpent = 0;
  #restsSpent = 0;
  #tablesLeft: number;

  constructor(tables: number, bytesATask: number) {
    this.#rests = Math.max(MOST_TASKS / 2, tables);
    this.#full = Math.max(0, MOST_TASKS - this.#rests);
    this.#bytesATask = Math.max(1, bytesATask);
    this.#tablesLeft = tables;
  }

  /** How many bytes a task is to have by now. */
  get bytes(): number {
    const growth = this.#growth;
    if (growth === 1 || growth === Infinity) return this.#bytesATask * growth;
    return Math.max(this.#bytesATask, this.#bytesSpent / Math.ceil(this.#full / 2)) * growth;
  }

  /** How many ranges a task may have by now, where so many were planned. */
  ranges(plannedRanges: number): number {
    return plannedRanges * this.#growth;
  }

  spendFull(bytes: number): void {
    if (this.#growth === 1) this.#bytesSpent += bytes;
    this.#fullSpent += 1;
  }

  /** A table is at its end; answers how many of the tasks that it has left over, one at least, it may keep. */
  spendRests(leftOver: number): number {
    const fair = Math.floor((this.#rests - this.#restsSpent) / Math.max(1, this.#tablesLeft));
    const kept = Math.min(leftOver, Math.max(1, fair));
    this.#restsSpent += kept;
    this.#tablesLeft -= 1;
    return kept;
  }

  get #growth(): number {
    const half = this.#full / 2;
    if (this.#fullSpent >= this.#full) return Infinity;
    return this.#fullSpent <= half ? 1 : 2 ** ((DOUBLINGS * (this.#fullSpent - half)) / half);
  }
}
