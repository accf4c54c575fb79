'use client';
import { Alert, Anchor, Card, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import Link from 'next/link';
import type { Outputs } from '../trpc.ts';
import { CopyableCode } from '../ui/copyable-code.tsx';
import { ClusterActions } from './cluster-actions.tsx';
import { clusterPath } from './paths.ts';
import { SameAs } from './same-as.tsx';
import { StatusBadges } from './status-badges.tsx';
import { kindName, nodesUp } from './words.ts';

/** One registered cluster: what it is, whether it answers, and if not, why. */
export function ClusterCard({ cluster }: { cluster: Outputs['clusters']['list'][number] }) {
  return (
    <Card component="section" aria-label={`Cluster ${cluster.name}`}>
      <Stack gap="md">
        <Group justify="space-between" gap="sm">
          <Group gap="sm">
            <Title order={2} style={{ overflowWrap: 'anywhere' }}>
              <Anchor component={Link} href={clusterPath(cluster.name)} inherit>
                {cluster.name}
              </Anchor>
            </Title>
            <StatusBadges cluster={cluster} />
          </Group>
          <ClusterActions cluster={cluster} />
        </Group>
        {cluster.status === 'up' && (
          <Text size="sm">
            {kindName(cluster.info.kind)} {cluster.info.version} · {nodesUp(cluster.info)} · as user{' '}
            {cluster.info.user}
          </Text>
        )}
        <CopyableCode value={cluster.redactedUrl} label={`URL of ${cluster.name}`} />
        {cluster.status === 'down' && (
          <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={cluster.error.message}>
            {cluster.error.hint}
          </Alert>
        )}
        {cluster.sameAs.length > 0 && <SameAs names={cluster.sameAs} />}
        {cluster.fixed && (
          <Text size="sm" c="dimmed">
            Registered by the environment: HOLDFAST_CLUSTER_URL says at each start what it is.
          </Text>
        )}
      </Stack>
    </Card>
  );
}
