import { column, idColumn, idSequence, inPublic, money, table } from './define.ts';
import type { ChangeRate, World } from './model.ts';
import { personName, remark } from './people.ts';
import { CALM, type Unrest } from './unrest.ts';
import { simulatedNodes } from './world.ts';

export interface SmallWorldOptions {
  seed: number;
  /** 3 unless said. */
  nodes?: number;
  /** `t1`, `t2` … of the database `small`; 2 unless said. */
  tables?: number;
  /** Of each table; 200 unless said. Some are not there at any one moment if they change. */
  rows?: number;
  /** 2,000 bytes unless said, which is some 30 rows. */
  rangeBytes?: number;
  /** Never, unless said. */
  changes?: ChangeRate | null;
  /** What is not said is as in CALM. */
  unrest?: Partial<Unrest>;
}

/** A cluster that costs nearly nothing to open, list and read: for thousands of runs, with a clock of the test's own. */
export function smallWorld(options: SmallWorldOptions): World {
  const { seed, nodes = 3, tables = 2, rows = 200, rangeBytes = 2_000, changes = null, unrest } = options;
  const names = Array.from({ length: tables }, (_, index) => inPublic(`t${index + 1}`));
  return {
    identity: `small ${seed}`,
    seed,
    nodes: simulatedNodes(nodes),
    rangeBytes,
    changes,
    unrest: { ...CALM, ...unrest },
    databases: [
      {
        name: 'small',
        types: [],
        sequences: names.map((name) => idSequence(name, rows)),
        tables: names.map((name) =>
          table({
            ...name,
            rows,
            columns: [
              idColumn(inPublic(`${name.name}_id_seq`)),
              column('who', 'text', personName),
              column('amount', 'numeric(14,2)', (cell) => money(cell.random(100_000))),
              column('note', 'text', (cell) => (cell.random(3, 1) === 0 ? remark(cell) : null), {
                nullable: true,
              }),
            ],
            primaryKey: ['id'],
          }),
        ),
        views: [],
      },
    ],
  };
}
