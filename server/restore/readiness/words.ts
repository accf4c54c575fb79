/** How readiness writes spans and lists: the same words on the page, in the report and in its JSON. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `less than a minute`, `5 minutes`, `26 hours`, `12 days`: rounded down. */
export function spanWords(milliseconds: number): string {
  for (const [unit, size, most] of [
    ['minute', MINUTE, 120],
    ['hour', HOUR, 48],
    ['day', DAY, Infinity],
  ] as const) {
    const count = Math.floor(milliseconds / size);
    if (count < 1) break;
    if (count < most) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return 'less than a minute';
}

/** Names that are told at most; the others are counted. */
const MOST_NAMES = 5;

/** `a`, `a and b`, `a, b and c`; of many the first ones and how many others. */
export function listWords(names: readonly string[]): string {
  const shown = names.length > MOST_NAMES + 1 ? names.slice(0, MOST_NAMES) : names;
  const rest = names.length - shown.length;
  const all = rest > 0 ? [...shown, `${rest} others`] : shown;
  const last = all.at(-1) ?? '';
  return all.length < 2 ? last : `${all.slice(0, -1).join(', ')} and ${last}`;
}

/** `1 table`, `3 tables`. */
export function countWords(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** `2026-11-22 15:23 UTC`: minutes are enough in a sentence. */
export function minuteWords(at: string): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`;
}
