import { type ObjectName, printName } from '../cluster/names.ts';

/** So many moves are told each. */
const TOLD_EACH = 3;

/** What one look at the leases of a job's tasks has found, for its log. */
export class LeaseMoves {
  readonly #moves = new Map<string, { table: string; from: string | null; to: string; tasks: number }>();

  add(table: ObjectName, from: string | null, to: string): void {
    const move = { table: printName(table), from, to, tasks: 0 };
    const key = JSON.stringify([move.table, from, to]);
    const known = this.#moves.get(key) ?? move;
    known.tasks += 1;
    this.#moves.set(key, known);
  }

  /** `Leases moved: 12 tasks of bank.public.orders go to node 3 now, from node 1.` Null for none. */
  line(): string | null {
    const moves = [...this.#moves.values()].sort((one, other) => other.tasks - one.tasks);
    if (moves.length === 0) return null;
    const told = moves
      .slice(0, TOLD_EACH)
      .map(
        ({ table, from, to, tasks }) =>
          `${tasksWords(tasks)} of ${table} ${tasks === 1 ? 'goes' : 'go'} to node ${to} now${from === null ? '' : `, from node ${from}`}`,
      );
    const rest = moves.slice(TOLD_EACH).reduce((sum, { tasks }) => sum + tasks, 0);
    if (rest > 0) told.push(`${rest} more to other nodes than before`);
    return `Leases moved: ${told.join('; ')}.`;
  }
}

function tasksWords(count: number): string {
  return count === 1 ? '1 task' : `${count} tasks`;
}
