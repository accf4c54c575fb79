'use client';
import { Button, Skeleton, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconServer2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { useTRPC } from '../trpc.ts';
import { kindName } from '../clusters/words.ts';

/** Which cluster this console works on, and whether it answers. */
export function ClusterIndicator() {
  const trpc = useTRPC();
  const { data } = useQuery(trpc.clusters.list.queryOptions(undefined, { refetchInterval: 20_000 }));
  if (data === undefined) return <Skeleton w={110} h={30} visibleFrom="xs" />;
  const down = data.filter((cluster) => cluster.status === 'down');
  const [only] = data;
  const one = data.length === 1 && only !== undefined;
  const label = one ? only.name : `${data.length} clusters`;
  const state =
    down.length > 0
      ? one
        ? 'does not answer'
        : `${down.length} of ${data.length} don’t answer`
      : one && only.status === 'up'
        ? `${kindName(only.info.kind)} ${only.info.version}`
        : 'all answer';
  const Icon = down.length > 0 ? IconAlertTriangle : IconServer2;
  return (
    <Tooltip label={`Cluster ${label}: ${state}`}>
      <Button
        component={Link}
        href="/clusters"
        variant="subtle"
        color={down.length > 0 ? 'red' : 'gray'}
        size="compact-md"
        fz="sm"
        fw={500}
        leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
        aria-label={`Cluster ${label}: ${state}`}
        maw={240}
      >
        {label}
      </Button>
    </Tooltip>
  );
}
