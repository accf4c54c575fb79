'use client';
import { Button, Center, EmptyState, Group, Select, Stack } from '@mantine/core';
import { IconListCheck } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter, useSearchParams } from 'next/navigation';
import { useEffect } from 'react';
import { JOB_FILTERS, JOB_KINDS } from '../../server/jobs/job.ts';
import type { Inputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { useActiveJobs } from './active-jobs.ts';
import { JobsTable } from './jobs-table.tsx';
import { KIND_WORDS } from './kinds.ts';
import { mergeJobs } from './merge.ts';
import { PausedJobs } from './paused-jobs.tsx';
import { Loading } from '../ui/loading.tsx';

const PAGE_SIZE = 50;
const REFRESH_MS = 3_000;

const KINDS = [
  { value: 'all', label: 'All kinds' },
  ...JOB_KINDS.map((kind) => ({ value: kind, label: KIND_WORDS[kind].many })),
];
const STATES = [
  { value: 'all', label: 'All states' },
  { value: 'active', label: 'Not ended' },
  { value: 'running', label: 'Running' },
  { value: 'paused', label: 'Paused' },
  { value: 'failed', label: 'Failed' },
  { value: 'canceled', label: 'Canceled' },
  { value: 'succeeded', label: 'Succeeded' },
];

/** All jobs, newest first, live. The filters are in the address. */
export function JobsPage() {
  const trpc = useTRPC();
  const router = useRouter();
  const params = useSearchParams();
  const askedKind = params.get('kind');
  const kind = JOB_KINDS.find((each) => each === askedKind);
  const askedState = params.get('state');
  const state = JOB_FILTERS.find((each) => each === askedState);
  const filter: Inputs['jobs']['list'] = { kind, state, limit: PAGE_SIZE };

  const pages = useInfiniteQuery(
    trpc.jobs.list.infiniteQueryOptions(filter, { getNextPageParam: (page) => page.next }),
  );
  // Only the newest page and what is running are asked for again and again, however many pages are open.
  const newest = useQuery(trpc.jobs.list.queryOptions(filter, { refetchInterval: REFRESH_MS }));
  const running = useActiveJobs();
  const jobs = mergeJobs(
    pages.data?.pages.map((page) => page.jobs) ?? [],
    newest.data?.jobs ?? [],
    running.data?.jobs ?? [],
    state,
  );

  // A job on an older page that ended isn't among the running ones any more: look at all pages once.
  const runningCount = running.data?.jobs.length;
  const { refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = pages;
  useEffect(() => {
    if (runningCount !== undefined) void refetch();
  }, [runningCount, refetch]);

  function setFilter(name: 'kind' | 'state', value: string) {
    const next = new URLSearchParams(params);
    if (value === 'all') next.delete(name);
    else next.set(name, value);
    router.replace(next.size === 0 ? '/jobs' : `/jobs?${next.toString()}`, { scroll: false });
  }

  const filtered = kind !== undefined || state !== undefined;
  return (
    <>
      <PageHeader
        title="Jobs"
        description="Every backup, restore, verify and drill, with how far it is and how it ended."
      />
      <Stack gap="md">
        {state !== 'paused' && <PausedJobs jobs={running.data?.jobs ?? []} />}
        <Group gap="md">
          <Select
            aria-label="Kind"
            data={KINDS}
            value={kind ?? 'all'}
            onChange={(value) => setFilter('kind', value ?? 'all')}
            allowDeselect={false}
            w={150}
          />
          <Select
            aria-label="State"
            data={STATES}
            value={state ?? 'all'}
            onChange={(value) => setFilter('state', value ?? 'all')}
            allowDeselect={false}
            w={150}
          />
        </Group>
        {pages.error !== null && pages.data === undefined ? (
          <ErrorAlert error={pages.error} onRetry={() => void refetch()} />
        ) : pages.data === undefined ? (
          <Loading h={320} label="Loading jobs" />
        ) : jobs.length === 0 ? (
          <NoJobs filtered={filtered} />
        ) : (
          <>
            <JobsTable jobs={jobs} />
            {hasNextPage && (
              <Center>
                <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  Load more
                </Button>
              </Center>
            )}
          </>
        )}
      </Stack>
    </>
  );
}

function NoJobs({ filtered }: { filtered: boolean }) {
  return (
    <EmptyState
      py="xl"
      icon={<IconListCheck aria-hidden />}
      title={filtered ? 'No such jobs' : 'No jobs yet'}
      description={
        filtered ? 'No job matches the filters.' : 'A backup or a restore, from here or from psql, is a job.'
      }
    >
      {!filtered && (
        <EmptyState.Actions>
          <Button component={Link} href="/backup">
            Make a backup
          </Button>
        </EmptyState.Actions>
      )}
    </EmptyState>
  );
}
