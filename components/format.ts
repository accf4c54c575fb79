/** How figures and times are written on every page. Pure: no locale of the machine leaks in. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `1.5 MiB`: three significant digits, powers of 1024. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–';
  let value = bytes;
  let unit = 0;
  // 1023.5 would be printed as 1024: go on to the next unit before that.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${UNITS[unit]}`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}

/** `200,000`: grouped by thousands. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return '–';
  return Math.round(count).toLocaleString('en-US');
}

/** `3 tables`, `1 table`. A plural that isn't the word and `s` is given. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Milliseconds as people say them, two units at most: `850 ms`, `12 s`, `3 min 05 s`, `2 h 10 min`, `4 d 03 h`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return '–';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** What is left until a deadline: as a duration, in hours up to two days, where `1 d 00 h` would hide one. */
export function formatLeft(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 24 * 60 || minutes >= 48 * 60) return formatDuration(milliseconds);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** A span that somebody has set, in seconds, as they would say it: `90 s`, `10 min`, `25 h`, `4 h 30 min`, `7 d`. */
export function formatWindow(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  const [size, unit, smaller, smallerUnit] =
    seconds < 120
      ? ([1, 's', 1, 's'] as const)
      : seconds < 2 * 3600
        ? ([60, 'min', 1, 's'] as const)
        : seconds < 72 * 3600
          ? ([3600, 'h', 60, 'min'] as const)
          : ([86_400, 'd', 3600, 'h'] as const);
  const whole = Math.floor(seconds / size);
  const rest = Math.floor((seconds % size) / smaller);
  return rest === 0
    ? `${formatCount(whole)} ${unit}`
    : `${formatCount(whole)} ${unit} ${rest} ${smallerUnit}`;
}

/** How long ago, coarse and calm: `just now`, `5 min ago`, `3 h ago`, `12 d ago`. */
export function formatAge(from: Date, now: Date): string {
  const seconds = Math.floor((now.getTime() - from.getTime()) / 1000);
  if (seconds < 45) return 'just now';
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${hours} h ago`;
  return `${Math.round(hours / 24)} d ago`;
}

/** `22 Nov 2026, 14:10:05` in the browser's zone. */
export function formatLocalTime(date: Date): string {
  const month = MONTHS[date.getMonth()];
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${date.getDate()} ${month} ${date.getFullYear()}, ${time}`;
}

/** `2026-11-22 14:10:05.250 UTC`; milliseconds only where there are some. */
export function formatUtcTime(date: Date): string {
  const [day, rest] = date.toISOString().split('T');
  const time = (rest ?? '').replace('Z', '').replace(/\.000$/, '');
  return `${day} ${time} UTC`;
}

/** `42 %`, rounded down: a job is at 100 % only when nothing is left. */
export function formatPercent(fraction: number): string {
  return `${percentOf(fraction)} %`;
}

/** Whole percent from 0 to 100, rounded down; the small slack forgives sums of floating-point fractions. */
export function percentOf(fraction: number): number {
  if (!Number.isFinite(fraction)) return 0;
  return Math.min(100, Math.max(0, Math.floor(fraction * 100 + 1e-9)));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

function two(value: number): string {
  return String(value).padStart(2, '0');
}
