import type { Cell } from '../../../server/format/copy-cells.ts';

const LEAST = 7;
const MOST = 44;
/** What stands left and right of a value, in characters. */
const PADDING = 3;

/** How wide each column is to be, in characters of the grid's font: as its name and its values ask for, within limits. */
export function columnWidths(columns: readonly { name: string }[], rows: readonly Cell[][]): number[] {
  return columns.map(({ name }, place) => {
    let longest = columnsOf(name);
    for (const row of rows) {
      const cell = row[place];
      const text = typeof cell === 'string' ? cell : (cell?.shown ?? '');
      longest = Math.max(longest, columnsOf(text));
      if (longest >= MOST) break;
    }
    return Math.min(MOST, Math.max(LEAST, longest)) + PADDING;
  });
}

/** The width of a text in a monospaced font; ideographs and the like are two wide. No more is counted than matters. */
function columnsOf(text: string): number {
  let width = 0;
  for (const character of text.slice(0, MOST)) width += (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return width;
}
