import type { Cell } from '../../../server/format/copy-cells.ts';

const LEAST = 7;
const MOST = 44;
/** Long names of types are cut off. */
const MOST_OF_TYPE = 24;
/** What stands left and right of a value, in characters. */
const PADDING = 3;

/** How wide each column is to be, in characters of the grid's font: as its name, its type and its values ask for, within limits. */
export function columnWidths(
  columns: readonly { name: string; type: string | null }[],
  rows: readonly Cell[][],
): number[] {
  return columns.map(({ name, type }, place) => {
    let longest = Math.max(widthOf(name), Math.min(MOST_OF_TYPE, type?.length ?? 0));
    for (const row of rows) {
      const cell = row[place];
      const text = typeof cell === 'string' ? cell : (cell?.shown ?? '');
      longest = Math.max(longest, widthOf(text));
      if (longest >= MOST) break;
    }
    return Math.min(MOST, Math.max(LEAST, longest)) + PADDING;
  });
}

/** The width of a text in a monospaced font; ideographs and the like are two wide. No more is counted than matters. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text.slice(0, MOST)) width += (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return width;
}
