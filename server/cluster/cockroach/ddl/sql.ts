import type { DdlPhase, DdlStep, Dependency } from '../../descriptor.ts';
import { quoteIdent } from '../../names.ts';

/** `schema.name`, quoted where needed. */
export function qualified(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

export function step(phase: DdlPhase, sql: string, requires: Dependency[] = []): DdlStep {
  return { phase, sql, requires };
}
