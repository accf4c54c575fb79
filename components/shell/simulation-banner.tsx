'use client';
import { Alert } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';

/** Says on every page that a registered cluster is a simulation, so that nobody takes its figures for real ones. */
export function SimulationBanner() {
  const trpc = useTRPC();
  const { data } = useQuery(trpc.clusters.list.queryOptions(undefined, { refetchInterval: 20_000 }));
  const simulated = (data ?? []).filter(
    (cluster) => cluster.status === 'up' && cluster.info.kind === 'simulated',
  );
  if (simulated.length === 0) return null;
  const names = simulated.map(({ name }) => name).join(', ');
  return (
    <Alert
      color="orange"
      mb="md"
      role="note"
      aria-label="Simulation"
      icon={<IconFlask aria-hidden />}
      title={`Simulation: ${names} ${simulated.length === 1 ? 'is not a real cluster' : 'are not real clusters'}`}
    >
      Nodes, ranges and rows are made up. You can look around and take backups, but nothing can be restored
      into a simulation.
    </Alert>
  );
}
