import { storedColumns, type DdlPhase, type DdlStep, type Descriptor } from '../../cluster/descriptor.ts';
import { nameKey, type ObjectName, printName } from '../../cluster/names.ts';
import type { RestoreItem } from '../plan.ts';
import type { RowsPrint } from './fingerprint.ts';

/** Something that a drill found wrong. `table` is its name in the backup; null where it is no single object's. */
export interface DrillFinding {
  table: ObjectName | null;
  reason: string;
}

/** What a table was to have, by what was loaded, and what it has. `print` is null where rows were replaced by later ones. */
export interface TableOutcome {
  table: ObjectName;
  loaded: RowsPrint | null;
  found: RowsPrint;
}

/** What differs between the rows that were loaded and those that were read back. */
export function rowFindings(outcomes: readonly TableOutcome[]): DrillFinding[] {
  return outcomes.flatMap(({ table, loaded, found }) => {
    if (loaded === null || loaded.sum === found.sum) return [];
    const reason =
      loaded.rows === found.rows
        ? `its ${found.rows} rows are not those of the backup: their fingerprint differs`
        : `${found.rows} rows were read back of ${loaded.rows}`;
    return [{ table, reason }];
  });
}

/** What restored objects of a kind are made of, in words. */
const PHASE_WORDS: Partial<Record<DdlPhase, string>> = {
  create: 'definition',
  keys: 'key or constraint',
  indexes: 'index',
  'foreign-keys': 'foreign key',
};

/**
 * What of the backup's definitions is not there as it was: columns, keys, constraints, indexes, foreign keys. `isThere`
 * says what steps of the DDL may count on; what needs something else was left out on purpose. `sameServer`: servers of one version print
 * definitions alike, so that each is compared; else they are counted.
 */
export function definitionFindings(
  items: readonly RestoreItem[],
  restored: readonly Descriptor[],
  isThere: (source: ObjectName) => boolean,
  sameServer: boolean,
): DrillFinding[] {
  const found = new Map(restored.map((descriptor) => [nameKey(descriptor.name), descriptor]));
  return items.flatMap(({ descriptor, target }) => {
    const table = descriptor.name;
    const there = found.get(nameKey(target));
    if (there === undefined)
      return [{ table, reason: `there is no ${descriptor.kind} ${printName(target)}` }];
    return [
      ...columnFindings(descriptor, there),
      ...Object.entries(PHASE_WORDS).flatMap(([phase, words]) => {
        const of = (steps: readonly DdlStep[]) => steps.filter((step) => step.phase === phase);
        const expected = of(descriptor.ddl).filter(({ requires }) => requires.every(({ on }) => isThere(on)));
        return sameServer
          ? missing(expected, of(there.ddl)).map((sql) => `its ${words} is not there as it was: ${sql}`)
          : fewer(expected.length, of(there.ddl).length, words);
      }),
    ].map((reason) => ({ table, reason }));
  });
}

function columnFindings(expected: Descriptor, there: Descriptor): string[] {
  if (expected.kind !== 'table' || there.kind !== 'table') return [];
  const columns = (of: typeof expected) =>
    storedColumns(of)
      .map(({ name, type }) => `${name} ${type}`)
      .join(', ') || 'none';
  const [before, now] = [columns(expected), columns(there)];
  return before === now ? [] : [`it has the columns ${now} instead of ${before}`];
}

function missing(expected: readonly DdlStep[], there: readonly DdlStep[]): string[] {
  const known = new Set(there.map(({ sql }) => sql));
  return expected.map(({ sql }) => sql).filter((sql) => !known.has(sql));
}

function fewer(expected: number, there: number, words: string): string[] {
  return there >= expected ? [] : [`of the statements for its ${words}, ${there} of ${expected} are there`];
}
