'use client';
import { Badge, Group, Skeleton, Stack, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { formatPercent } from '../format.ts';
import { KIND_WORDS } from '../jobs/kinds.ts';
import { useJobControl } from '../jobs/use-job-control.ts';
import { useTRPC } from '../trpc.ts';
import { BackLink } from '../ui/back-link.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { StateBadge } from '../ui/states.tsx';
import { EventLog } from './event-log.tsx';
import { ControlErrors, PausedAlert, StuckAlert } from './job-alerts.tsx';
import { JobControls } from './job-controls.tsx';
import { JobDetails } from './job-details.tsx';
import { JobDrill } from './job-drill.tsx';
import { JobOutcome } from './job-outcome.tsx';
import { JobProgress } from './job-progress.tsx';
import { JobVerify } from './job-verify.tsx';
import { JobWork, useWorkView } from './job-work.tsx';
import type { StreamStatus } from './use-job-stream.ts';
import { useJobStream } from './use-job-stream.ts';

/** One job, live. */
export function JobPage({ id }: { id: string }) {
  const trpc = useTRPC();
  const job = useQuery(
    trpc.jobs.get.queryOptions(
      { id },
      // The subscription is quicker; this brings the times, and stands in while there is no stream.
      {
        refetchInterval: ({ state }) =>
          state.data !== undefined && isFinal(state.data.state) ? false : 3_000,
      },
    ),
  );
  if (job.data !== undefined) return <LiveJob key={id} job={job.data} />;
  return (
    <Stack gap="lg">
      <BackLink href="/jobs">All jobs</BackLink>
      {job.error === null ? (
        <Stack gap="lg" role="status" aria-busy aria-label="Loading the job">
          <Skeleton h={36} maw={320} />
          <Skeleton h={150} radius="md" />
          <Skeleton h={220} radius="md" />
        </Stack>
      ) : (
        <ErrorAlert error={job.error} onRetry={() => void job.refetch()} />
      )}
    </Stack>
  );
}

function LiveJob({ job: polled }: { job: JobView }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const stream = useJobStream(polled.id);
  const control = useJobControl();
  const [view, setView] = useWorkView();
  const job = combine(polled, stream);
  const ended = isFinal(job.state);

  const streamState = stream.state;
  useEffect(() => {
    if (streamState !== null) void queryClient.invalidateQueries(trpc.jobs.pathFilter());
  }, [streamState, queryClient, trpc]);

  const word = KIND_WORDS[job.kind].one;
  useDocumentTitle(`${ended ? job.state : formatPercent(job.fraction)} · ${word} job ${job.id} · Holdfast`);

  return (
    <Stack gap="lg">
      <BackLink href="/jobs">All jobs</BackLink>
      <Group justify="space-between" align="center">
        <Group gap="md">
          <Title order={1}>
            {word} job <span className="tabular">{job.id}</span>
          </Title>
          <StateBadge state={job.state} size="lg" />
          {!ended && <Connection status={stream.status} />}
        </Group>
        <JobControls job={job} control={control} />
      </Group>
      <ControlErrors control={control} />
      <StuckAlert job={job} onShowTasks={() => setView('tasks')} />
      <PausedAlert job={job} control={control} />
      <JobOutcome job={job} />
      <JobVerify job={job} />
      <JobDrill job={job} />
      <JobProgress job={job} stream={stream} />
      <JobWork job={job} view={view} onView={setView} />
      <EventLog log={stream.log} connecting={stream.lastSeq === 0 && stream.status !== 'ended'} />
      <JobDetails job={job} />
    </Stack>
  );
}

/** The newest of both: what was polled, and what the stream has brought since. */
function combine(
  job: JobView,
  { state, error, figures }: Pick<ReturnType<typeof useJobStream>, 'state' | 'error' | 'figures'>,
): JobView {
  if (isFinal(job.state)) return job;
  // A state that is newer than what was polled has the error that came with it, or none.
  const merged =
    state === null || state === job.state ? { ...job, error: error ?? job.error } : { ...job, state, error };
  if (figures === null || figures.fraction < job.fraction) return merged;
  return { ...merged, ...figures };
}

function Connection({ status }: { status: StreamStatus }) {
  const live = status === 'live';
  return (
    <Badge variant="dot" color={live ? 'green' : 'yellow'} role="status" aria-label="Connection">
      {live ? 'Live' : status === 'connecting' ? 'Connecting…' : 'Reconnecting…'}
    </Badge>
  );
}
