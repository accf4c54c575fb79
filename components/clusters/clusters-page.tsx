'use client';
import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { ClusterCard } from './cluster-card.tsx';

export function ClustersPage() {
  const trpc = useTRPC();
  const clusters = useQuery(trpc.clusters.list.queryOptions(undefined, { refetchInterval: 15_000 }));
  return (
    <>
      <PageHeader
        title="Clusters"
        description="What this console backs up from and restores into, and what each can do."
      />
      {clusters.error !== null && clusters.data === undefined ? (
        <ErrorAlert error={clusters.error} onRetry={() => void clusters.refetch()} />
      ) : clusters.data === undefined ? (
        <Skeleton h={420} radius="md" aria-busy aria-label="Loading clusters" />
      ) : (
        <Stack gap="lg">
          {clusters.data.map((cluster) => (
            <ClusterCard key={cluster.name} cluster={cluster} />
          ))}
        </Stack>
      )}
    </>
  );
}
