import type { Moment } from '../moment.ts';
import { HoldfastError } from '../../errors.ts';
import { type ChangeRate, sameName, type SimulatedDatabase, type SimulatedTable } from './model.ts';
import { below, hash } from './random.ts';

/** Of the rows of a table that nothing references, one in so many comes and goes. */
const MORTAL = 8;
const NS_A_SECOND = 1_000_000_000n;

/** What the hashes of a row's life are told apart from those of its values by. */
const EVENT = 0x5eed;
const KIND = 0x1ead;
const PARITY = 0x0dd;

/**
 * What has become of a table's rows by a step of time: a function of the table's salt, an ordinal and the step, so
 * nothing is kept and no past is lost. Each row has one change in each cycle. A mortal row is there and gone by turns;
 * the others are always there.
 */
export class TableLife {
  readonly #salt: number;
  readonly #rate: ChangeRate | null;
  readonly #mortal: boolean;

  constructor(database: SimulatedDatabase, table: SimulatedTable, salt: number, rate: ChangeRate | null) {
    this.#salt = salt;
    this.#rate = rate;
    // Rows that others may reference stay, so that every foreign key holds at every moment.
    this.#mortal = !database.tables.some(({ foreignKeys }) =>
      foreignKeys.some((key) => sameName(key.table, table)),
    );
  }

  /** The share of the ordinals that have a row at any moment, about. */
  get share(): number {
    return this.#rate !== null && this.#mortal ? 1 - 1 / (2 * MORTAL) : 1;
  }

  /** The share of the ordinals whose row is another one after so many steps, about. */
  changedShare(steps: number): number {
    return this.#rate === null ? 0 : Math.min(1, Math.max(0, steps) / this.#rate.cycleSteps);
  }

  /** The step that a moment is in. Throws `unreadable-moment` for the moment of another kind of cluster. */
  stepAt(at: Moment): number {
    const time = nanosecondsOf(at);
    return this.#rate === null ? 0 : Number(time / (BigInt(this.#rate.stepSeconds) * NS_A_SECOND));
  }

  /** Which version of the row there is in that step; the same one as long as nothing has changed it. */
  version(ordinal: number, step: number): number {
    if (this.#rate === null) return 0;
    const cycle = Math.floor(step / this.#rate.cycleSteps);
    const change = below(this.#rate.cycleSteps, hash(this.#salt, ordinal, cycle, EVENT));
    return step % this.#rate.cycleSteps >= change ? cycle : cycle - 1;
  }

  /** Whether there is a row of that version. */
  isThere(ordinal: number, version: number): boolean {
    if (this.#rate === null || !this.#mortal) return true;
    if (below(MORTAL, hash(this.#salt, ordinal, KIND)) !== 0) return true;
    return ((version + below(2, hash(this.#salt, ordinal, PARITY))) & 1) === 0;
  }
}

/** A moment as nanoseconds since 1970. Throws `unreadable-moment` for the moment of another kind of cluster. */
export function nanosecondsOf(at: Moment): bigint {
  if (at.kind === 'hlc') return BigInt(at.timestamp.split('.')[0] ?? '');
  throw new HoldfastError(
    'unreadable-moment',
    'a simulated cluster has no snapshots: its moments are HLC times',
    {
      hint: 'Take the moment from this cluster.',
      field: 'asOf',
    },
  );
}
