import type { DdlPhase } from '../../../server/cluster/descriptor.ts';
import { printName } from '../../../server/cluster/names.ts';
import type { StepView } from '../../../server/restore/browse/view.ts';

const WHEN: Record<DdlPhase, string> = {
  create: 'First, before the rows',
  default: 'Then, still before the rows: defaults that need other objects',
  keys: 'After the rows: keys',
  indexes: 'Then indexes',
  'foreign-keys': 'Then foreign keys',
  finish: 'At the end',
};

/** An object's DDL as one text, each phase under a comment where there are several; what can't run without objects that are missing says so. */
export function ddlText(steps: readonly StepView[]): string {
  const lines: string[] = [];
  const phases = new Set(steps.map(({ phase }) => phase)).size;
  steps.forEach(({ phase, sql, lacks }, index) => {
    if (phases > 1 && steps[index - 1]?.phase !== phase)
      lines.push(`${index === 0 ? '' : '\n'}-- ${WHEN[phase]}`);
    if (lacks.length > 0) {
      const names = lacks.map((name) => printName(name).replaceAll(/[\r\n]+/g, ' ')).join(', ');
      lines.push(`-- needs ${names}, which the backup does not have:`);
    }
    lines.push(`${sql};`);
  });
  return lines.join('\n');
}
