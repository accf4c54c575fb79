'use client';
import { Anchor, Badge, Group, Stack, Text } from '@mantine/core';
import Link from 'next/link';
import type { ChainLayer } from '../../server/backup/selection.ts';
import { Bytes, Moment } from '../ui/figures.tsx';
import classes from './layer-list.module.css';
import { isAddressable, viewPath } from './paths.ts';

/** A layer as far as it is known; of one that a statement names that is its URL alone. */
export type ListedLayer = Pick<ChainLayer, 'url'> & Partial<ChainLayer>;

/** Backups of a chain, oldest to newest, each with the way to its page. */
export function LayerList({
  layers,
  label,
  current,
}: {
  layers: readonly ListedLayer[];
  label: string;
  /** The one whose page this is: no link. */
  current?: string;
}) {
  return (
    <ol className={classes.list} aria-label={label}>
      {layers.map((layer, place) => (
        <li key={layer.url}>
          <Stack gap={2}>
            {layer.url !== current && isAddressable(layer.url) ? (
              <Anchor
                component={Link}
                href={viewPath(layer.url)}
                size="sm"
                underline="always"
                className={classes.url}
              >
                {layer.url}
              </Anchor>
            ) : (
              <Text size="sm" className={classes.url}>
                {layer.url}
              </Text>
            )}
            <AboutLayer layer={{ type: place === 0 ? 'full' : 'incremental', ...layer }} />
          </Stack>
        </li>
      ))}
    </ol>
  );
}

/** Type, moment and size of a layer, or why it can't be used. */
export function AboutLayer({ layer }: { layer: Partial<ChainLayer> }) {
  const { type = 'full', moment = null, bytes = null, problem = null } = layer;
  return (
    <>
      <Group gap="xs">
        <TypeBadge type={type} />
        {moment !== null && (
          <Text size="sm" c="dimmed" span>
            as of <Moment at={moment} />
          </Text>
        )}
        {bytes !== null && (
          <Text size="sm" c="dimmed" span>
            <Bytes value={bytes} /> stored
          </Text>
        )}
      </Group>
      {problem !== null && (
        <Text size="sm" className={classes.problem}>
          {problem.message}
        </Text>
      )}
    </>
  );
}

export function TypeBadge({ type }: { type: ChainLayer['type'] }) {
  return <Badge color={type === 'full' ? 'kelp' : 'blue'}>{type}</Badge>;
}
