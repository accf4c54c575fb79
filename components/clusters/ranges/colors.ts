/** At 3:1 or more on the backgrounds of both themes, and apart from each other for most eyes. */
const COLORS = [
  '#2f7fd3',
  '#d4650c',
  '#0f9a92',
  '#d6498f',
  '#8a63d2',
  '#a87f00',
  '#6b7a88',
  '#2f9e44',
] as const;

/** What is turned on from one hue to the next so that many stay apart: the golden angle. */
const GOLDEN_ANGLE = 137.508;

/** The colour of a cluster's node by its place in the list of nodes: the same on every table's map. */
export function nodeColor(place: number): string {
  // Light and dark in turn: neighbours on the circle come far apart in the list.
  const lightness = place % 2 === 0 ? 0.66 : 0.55;
  return COLORS[place] ?? `oklch(${lightness} 0.15 ${Math.round((place * GOLDEN_ANGLE) % 360)})`;
}
