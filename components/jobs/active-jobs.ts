'use client';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';

/**
 * Jobs that haven't ended, asked for every few seconds on every page: the shell's number of running jobs, those that wait for root, and at
 * the same time how the shell notices that the console is gone or back.
 */
export function useActiveJobs() {
  const trpc = useTRPC();
  return useQuery(
    trpc.jobs.list.queryOptions(
      { state: 'active', limit: 200 },
      { refetchInterval: 4_000, placeholderData: keepPreviousData },
    ),
  );
}
