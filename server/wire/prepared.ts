import { HoldfastError } from '../errors.ts';
import { columnsOf } from '../statement/answers.ts';
import type { Answer, Column, RunContext, StatementRunner } from '../statement/answers.ts';
import { parseStatements } from '../statement/parse.ts';

/** Something to run, with its columns known before it runs. */
export interface Prepared {
  columns: readonly Column[];
  run(runner: StatementRunner, context: RunContext): Promise<Answer>;
}

/** `SELECT 1`, which connection pools send to see whether a connection lives. */
const PING: Prepared = {
  columns: [{ name: '?column?', type: 'int8' }],
  run: () => Promise.resolve({ columns: PING.columns, rows: [['1']], tag: 'SELECT 1' }),
};

/** What a query's text asks for. Throws HoldfastError. */
export function prepare(text: string): Prepared[] {
  const bare = text.trim().replace(/;$/, '').trimEnd();
  if (/^select\s+1$/i.test(bare)) return [PING];
  if (/^(?:begin|start|commit|end|rollback|abort|savepoint)\b/i.test(bare)) {
    throw new HoldfastError('unsupported', 'there are no transactions on this port', {
      hint: 'BACKUP and RESTORE are jobs of their own: turn on autocommit in your client.',
    });
  }
  return parseStatements(text).map((statement) => {
    const columns = columnsOf(statement);
    return {
      columns,
      async run(runner, context) {
        const answer = await runner.run(statement, context);
        // The client was, or will be, told of these columns: other rows would be garbage to it.
        if (answer.rows.some((row) => row.length !== columns.length)) {
          throw new Error(`${statement.kind} answered rows that do not fit its columns`);
        }
        return answer;
      },
    };
  });
}
