'use client';
import { Button, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { ClusterCard } from './cluster-card.tsx';
import { ClusterFormModal } from './cluster-form.tsx';
import { clusterPath } from './paths.ts';
import { Loading } from '../ui/loading.tsx';

/** Every registered cluster, and the way to register one. */
export function ClustersPage() {
  const trpc = useTRPC();
  const router = useRouter();
  const [adding, add] = useDisclosure(false);
  const clusters = useQuery(trpc.clusters.list.queryOptions(undefined, { refetchInterval: 15_000 }));
  return (
    <>
      <PageHeader
        title="Clusters"
        description="What is backed up from and restored into. Choose one to see its nodes, ranges and GC windows."
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={add.open}>
            Add a cluster
          </Button>
        }
      />
      {clusters.error !== null && clusters.data === undefined ? (
        <ErrorAlert error={clusters.error} onRetry={() => void clusters.refetch()} />
      ) : clusters.data === undefined ? (
        <Loading h={220} label="Loading clusters" />
      ) : (
        <Stack gap="lg">
          {clusters.data.map((cluster) => (
            <ClusterCard key={cluster.name} cluster={cluster} />
          ))}
        </Stack>
      )}
      <ClusterFormModal
        opened={adding}
        onClose={add.close}
        onSaved={(name) => router.push(clusterPath(name))}
      />
    </>
  );
}
