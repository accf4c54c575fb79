import type { DdlPhase, DdlStep, Dependency } from '../../descriptor.ts';
import { literal } from '../../literal.ts';
import { quoteIdent } from '../../names.ts';

/** `schema.name`, quoted where needed. */
export function qualified(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

export function step(phase: DdlPhase, sql: string, requires: Dependency[] = []): DdlStep {
  return { phase, sql, requires };
}

/** `COMMENT ON <what> IS …`, or nothing where there is no comment. */
export function commentStep(what: string, comment: string | null, requires: Dependency[] = []): DdlStep[] {
  return comment === null ? [] : [step('finish', `COMMENT ON ${what} IS ${literal(comment)}`, requires)];
}

/** `fillfactor='70', toast.autovacuum_enabled='false'` of `['fillfactor=70', …]`. */
export function printOptions(options: string[]): string {
  return options
    .map((option) => {
      const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
      return `${name.split('.').map(quoteIdent).join('.')}=${literal(value)}`;
    })
    .join(', ');
}

/** Rows by the object that they belong to. */
export function byOwner<Row extends { owner: number }>(rows: Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.owner);
    if (group === undefined) groups.set(row.owner, [row]);
    else group.push(row);
  }
  return groups;
}
