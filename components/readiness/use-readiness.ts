'use client';
import { useQuery } from '@tanstack/react-query';
import type { Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';

export type ReadinessReport = Outputs['readiness']['list'];
export type ReadinessEntry = ReadinessReport['entries'][number];
export type TargetEntry = Extract<ReadinessEntry, { kind: 'target' }>;
export type DatabasesEntry = Extract<ReadinessEntry, { kind: 'databases' }>;
export type TargetFacts = TargetEntry['facts'];
export type Verdict = ReadinessEntry['verdict'];

/** What is known of all that is protected, asked for again every so many milliseconds; never, where that is false. */
export function useReadiness(refetchInterval: number | false) {
  const trpc = useTRPC();
  return useQuery(trpc.readiness.list.queryOptions(undefined, { refetchInterval }));
}

/** Tells an entry from all others. */
export function entryKey({ kind, facts }: ReadinessEntry): string {
  return `${kind} ${facts.key}`;
}
