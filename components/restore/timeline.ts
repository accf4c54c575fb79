import type { ChainLayer } from '../../server/backup/selection.ts';

/** Where a layer stands on the axis, and how much of it there is to draw. */
export interface Mark {
  /** Of the layer in its chain, from 0. */
  place: number;
  /** 0 to 1 along the axis. */
  left: number;
  /** 0 to 1: the square root of its size, so that a small layer is still seen beside a full backup. */
  height: number;
}

/** The layers on an axis of time, to scale; side by side where times are not known or all the same. */
export function marksOf(layers: readonly Pick<ChainLayer, 'at' | 'bytes'>[]): Mark[] {
  const times = filledIn(layers.map(({ at }) => (at === null ? null : Date.parse(at))));
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const most = Math.max(1, ...layers.map(({ bytes }) => bytes ?? 0));
  return layers.map(({ bytes }, place) => ({
    place,
    left:
      last > first
        ? ((times[place] ?? first) - first) / (last - first)
        : layers.length === 1
          ? 0.5
          : place / (layers.length - 1),
    height: Math.sqrt((bytes ?? 0) / most),
  }));
}

/** Times that are not known lie evenly between those beside them. */
function filledIn(times: readonly (number | null)[]): number[] {
  if (times.every((time) => time === null)) return times.map(() => 0);
  return times.map((time, place) => {
    if (time !== null) return time;
    const before = times.findLastIndex((each, index) => index < place && each !== null);
    const after = times.findIndex((each, index) => index > place && each !== null);
    const [from, to] = [times[before] ?? null, times[after] ?? null];
    if (from === null || to === null) return from ?? to ?? 0;
    return from + ((to - from) * (place - before)) / (after - before);
  });
}

/** The layer nearest to a point of the axis, 0 to 1, of those that may be chosen. */
export function nearestMark(
  marks: readonly Mark[],
  left: number,
  may: (place: number) => boolean,
): Mark | null {
  return marks
    .filter(({ place }) => may(place))
    .reduce<Mark | null>(
      (best, mark) =>
        best === null || Math.abs(mark.left - left) < Math.abs(best.left - left) ? mark : best,
      null,
    );
}

/** Milliseconds since the layer before; null where that can't be told. */
export function sinceBefore(layers: readonly Pick<ChainLayer, 'at'>[], place: number): number | null {
  const [at, before] = [layers[place]?.at, layers[place - 1]?.at];
  return at == null || before == null ? null : Date.parse(at) - Date.parse(before);
}
