'use client';
import { Card, Radio, Stack, Text, Title } from '@mantine/core';
import type { ChainLayer } from '../../server/backup/selection.ts';
import { AboutLayer } from '../backups/layer-list.tsx';
import { formatUtcTime, plural } from '../format.ts';
import classes from './chain-choice.module.css';

/**
 * The chain that a backup ends, oldest to newest, and as of which of its layers to restore: everything up to that one is
 * read.
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
  const chosen = layers.findIndex(({ url }) => url === value);
  const broken = layers.findIndex(({ problem }) => problem !== null);
  return (
    <Card component="section" aria-label="Chain" padding="md">
      <Stack gap="sm">
        <Stack gap={4}>
          <Title order={2}>Chain</Title>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {plural(layers.length, 'backup')} of {cluster}
          </Text>
        </Stack>
        <Radio.Group
          label="Restore as of"
          description="The moment of one layer: all layers up to it are read."
          value={value}
          onChange={onChange}
        >
          <Stack gap="sm" mt="xs">
            {layers.map((layer, place) => (
              <Radio
                key={layer.url}
                value={layer.url}
                // What is above a layer that is gone can't be restored; it may have been chosen before that was known.
                disabled={broken !== -1 && place >= broken && place !== chosen}
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
                    {place > chosen && (
                      <Text span size="xs">
                        not read
                      </Text>
                    )}
                  </span>
                }
              />
            ))}
          </Stack>
        </Radio.Group>
      </Stack>
    </Card>
  );
}
