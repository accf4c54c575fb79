import type { TreeRow } from './model.ts';

/** Rows that PageUp and PageDown move by. */
const PAGE = 10;

/**
 * Where a key leads from a row, and whether it opens or closes that row; null for a key that means nothing here.
 * https://www.w3.org/WAI/ARIA/apg/patterns/treeview/
 */
export function moveTo(
  rows: readonly TreeRow[],
  from: number,
  key: string,
): { index: number; toggle: boolean } | null {
  const row = rows[from];
  if (row === undefined) return null;
  const last = rows.length - 1;
  const to = (index: number) => ({ index: Math.min(last, Math.max(0, index)), toggle: false });
  const branch = row.type === 'database' || row.type === 'schema';
  switch (key) {
    case 'ArrowDown':
      return to(from + 1);
    case 'ArrowUp':
      return to(from - 1);
    case 'PageDown':
      return to(from + PAGE);
    case 'PageUp':
      return to(from - PAGE);
    case 'Home':
      return to(0);
    case 'End':
      return to(last);
    case 'ArrowRight':
      if (!branch) return to(from);
      return row.expanded ? to(from + 1) : { index: from, toggle: true };
    case 'ArrowLeft': {
      if (branch && row.expanded) return { index: from, toggle: true };
      const parent = rows.findIndex((candidate) => candidate.id === row.parent);
      return to(parent === -1 ? from : parent);
    }
    default:
      return key.length === 1 && key !== ' ' ? typeAhead(rows, from, key) : null;
  }
}

function typeAhead(rows: readonly TreeRow[], from: number, letter: string) {
  const wanted = letter.toLowerCase();
  for (let step = 1; step <= rows.length; step += 1) {
    const index = (from + step) % rows.length;
    if (rows[index]?.label.toLowerCase().startsWith(wanted)) return { index, toggle: false };
  }
  return null;
}
