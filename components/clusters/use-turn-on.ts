'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Prerequisite } from '../../server/cluster/cluster.ts';
import { useTRPC, useTRPCClient } from '../trpc.ts';

/**
 * Turns prerequisites of a cluster on, one after the other, up to one that can't be; and has all that depends on them
 * asked anew.
 */
export function useTurnOn(cluster: string, onDone: (turnedOn: readonly Prerequisite[]) => void) {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: readonly Prerequisite[]) => {
      for (const { id, database } of wanted) await client.clusters.meet.mutate({ cluster, id, database });
      return wanted;
    },
    onSuccess: onDone,
    onSettled: async () => {
      await Promise.all([
        queryClient.invalidateQueries(trpc.clusters.pathFilter()),
        queryClient.invalidateQueries(trpc.backups.bases.pathFilter()),
      ]);
    },
  });
}
