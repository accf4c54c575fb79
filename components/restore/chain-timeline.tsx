'use client';
import { Group, Text } from '@mantine/core';
import { useState } from 'react';
import type { MouseEvent } from 'react';
import type { ChainLayer } from '../../server/backup/selection.ts';
import { formatBytes, formatUtcTime } from '../format.ts';
import classes from './chain-timeline.module.css';
import { marksOf, nearestMark } from './timeline.ts';

/**
 * The layers of a chain as bars on an axis of time, as high as they are large. It is for the eye and the mouse: the radio
 * buttons beside it say the same, and are what a keyboard or a screen reader works with.
 */
export function ChainTimeline({
  layers,
  chosen,
  mayChoose,
  onChoose,
}: {
  layers: readonly ChainLayer[];
  chosen: number;
  mayChoose: (place: number) => boolean;
  onChoose: (place: number) => void;
}) {
  const [pointed, setPointed] = useState<number | null>(null);
  const marks = marksOf(layers);
  const under = (event: MouseEvent<HTMLElement>): number | null => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return nearestMark(marks, (event.clientX - left) / width, mayChoose)?.place ?? null;
  };
  const shown = layers[pointed ?? chosen];
  const last = layers.at(-1);
  return (
    <div aria-hidden className={classes.timeline}>
      <div
        className={classes.frame}
        onMouseMove={(event) => setPointed(under(event))}
        onMouseLeave={() => setPointed(null)}
        onClick={(event) => {
          const place = under(event);
          if (place !== null) onChoose(place);
        }}
      >
        <div className={classes.plot}>
          {marks.map(({ place, left, height }) => (
            <div
              key={place}
              className={classes.mark}
              data-type={layers[place]?.type}
              data-missing={layers[place]?.problem != null || undefined}
              data-read={(place <= chosen && layers[place]?.problem == null) || undefined}
              data-chosen={place === chosen || undefined}
              data-pointed={place === pointed || undefined}
              style={{
                left: `${left * 100}%`,
                height: layers[place]?.problem == null ? 8 + height * 48 : 40,
              }}
            />
          ))}
        </div>
      </div>
      <Group justify="space-between" gap="xs" wrap="nowrap" className={classes.ends}>
        <Text size="xs" c="dimmed">
          {timeOf(layers[0])}
        </Text>
        <Text size="xs" ta="center">
          {shown !== undefined &&
            `${shown.type}, ${timeOf(shown)}${shown.bytes === null ? '' : `, ${formatBytes(shown.bytes)}`}`}
        </Text>
        <Text size="xs" c="dimmed" ta="right">
          {timeOf(last)}
        </Text>
      </Group>
    </div>
  );
}

function timeOf(layer: ChainLayer | undefined): string {
  return layer?.at == null ? 'time unknown' : formatUtcTime(new Date(layer.at));
}
