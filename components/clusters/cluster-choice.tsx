'use client';
import { Group, Radio, Stack, Text } from '@mantine/core';
import type { Outputs } from '../trpc.ts';
import classes from './cluster-choice.module.css';
import { StatusBadges } from './status-badges.tsx';
import { kindName, nodesUp } from './words.ts';

type Cluster = Outputs['clusters']['list'][number];

/** One of the registered clusters, each with what it is and whether it answers. */
export function ClusterChoice({
  label,
  clusters,
  value,
  onChange,
  drawback = () => null,
  error,
}: {
  label: string;
  clusters: readonly Cluster[];
  /** Null while none has been chosen. */
  value: string | null;
  onChange: (name: string) => void;
  /** What speaks against a cluster that answers, a sentence. */
  drawback?: (cluster: Cluster) => string | null;
  error?: string | null;
}) {
  return (
    <Radio.Group label={label} value={value ?? ''} onChange={onChange} error={error}>
      <Stack gap="sm" mt="xs">
        {clusters.map((cluster) => (
          <Radio.Card
            key={cluster.name}
            value={cluster.name}
            className={classes.card}
            aria-label={`${cluster.name}, ${describe(cluster)}`}
          >
            <Group wrap="nowrap" align="flex-start" gap="sm">
              <Radio.Indicator mt={2} />
              <Stack gap={2} miw={0}>
                <Group gap="xs">
                  <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
                    {cluster.name}
                  </Text>
                  <StatusBadges cluster={cluster} />
                </Group>
                <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {cluster.status === 'up' ? describe(cluster) : cluster.error.message}
                </Text>
                {drawback(cluster) !== null && <Text size="sm">{drawback(cluster)}</Text>}
              </Stack>
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}

function describe(cluster: Cluster): string {
  if (cluster.status === 'down') return `does not answer: ${cluster.error.message}`;
  return `${kindName(cluster.info.kind)} ${cluster.info.version} · ${nodesUp(cluster.info)}`;
}
