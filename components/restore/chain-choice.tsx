'use client';
import { Card, Radio, Stack, Text, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { ChainLayer } from '../../server/backup/selection.ts';
import { AboutLayer } from '../backups/layer-list.tsx';
import { formatDuration, formatUtcTime, plural } from '../format.ts';
import classes from './chain-choice.module.css';
import { ChainTimeline } from './chain-timeline.tsx';
import { sinceBefore } from './timeline.ts';

/**
 * The chain that a backup ends, on an axis of time and one by one, oldest to newest, and as of which of its layers to restore:
 * everything up to that one is read.
 */
export function ChainChoice({
  layers,
  value,
  onChange,
  cluster,
}: {
  layers: readonly ChainLayer[];
  /** The URL of the layer to restore as of. */
  value: string;
  onChange: (url: string) => void;
  /** What the backups are of. */
  cluster: string;
}) {
  const list = useRef<HTMLDivElement>(null);
  const chosen = layers.findIndex(({ url }) => url === value);
  const broken = layers.findIndex(({ problem }) => problem !== null);
  // What is above a layer that is gone can't be restored; it may have been chosen before that was known.
  const mayChoose = (place: number): boolean => broken === -1 || place < broken || place === chosen;
  // The list alone: the page stays where it is.
  useEffect(() => {
    const scroller = list.current;
    const row = scroller?.querySelector<HTMLElement>('input:checked')?.closest<HTMLElement>('[data-layer]');
    if (scroller == null || row == null) return;
    const [top, height] = [row.offsetTop - scroller.offsetTop, row.offsetHeight];
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + height > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = top + height - scroller.clientHeight;
  }, [value, layers.length]);
  return (
    <Card component="section" aria-label="Chain" padding="md">
      <Stack gap="sm">
        <Stack gap={4}>
          <Title order={2}>Chain</Title>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {plural(layers.length, 'backup')} of {cluster}
          </Text>
        </Stack>
        <ChainTimeline
          layers={layers}
          chosen={chosen}
          mayChoose={mayChoose}
          onChoose={(place) => {
            const layer = layers[place];
            if (layer !== undefined) onChange(layer.url);
          }}
        />
        <Radio.Group
          label="Restore as of"
          description="The moment of one layer: all layers up to it are read."
          value={value}
          onChange={onChange}
        >
          <div ref={list} className={classes.list}>
            {layers.map((layer, place) => (
              <div key={layer.url} data-layer className={classes.layer}>
                <Radio
                  value={layer.url}
                  disabled={!mayChoose(place)}
                  label={
                    layer.moment === null
                      ? `Layer ${place + 1} is missing`
                      : formatUtcTime(new Date(layer.moment))
                  }
                  description={
                    <span className={classes.about}>
                      <AboutLayer layer={{ ...layer, moment: null }} />
                      <Text span size="xs" className={classes.url}>
                        {layer.url}
                      </Text>
                      <Text span size="xs">
                        {distance(layers, place)}
                        {place > chosen && `${distance(layers, place) === '' ? '' : ' · '}not read`}
                      </Text>
                    </span>
                  }
                />
              </div>
            ))}
          </div>
        </Radio.Group>
      </Stack>
    </Card>
  );
}

/** How long after the layer before it was taken; empty where that can't be told. */
function distance(layers: readonly ChainLayer[], place: number): string {
  const since = sinceBefore(layers, place);
  return since === null ? '' : `${formatDuration(since)} after the one before`;
}
