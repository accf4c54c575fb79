'use client';
import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconHourglassHigh, IconPlayerPause } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { JobView } from '../../server/jobs/job.ts';
import type { useJobControl } from '../jobs/use-job-control.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { ResumeButton } from './job-controls.tsx';
import { refreshMs } from './refresh.ts';

type Control = ReturnType<typeof useJobControl>;

/** Why pausing or resuming was refused. Cancelling says it in its dialog. */
export function ControlErrors({ control: { pause, resume } }: { control: Control }) {
  return (
    <>
      {pause.error !== null && <ErrorAlert error={pause.error} title="It was not paused" />}
      {resume.error !== null && <ErrorAlert error={resume.error} title="It was not resumed" />}
    </>
  );
}

/** A paused job waits for root: why, what to do, and the way on. */
export function PausedAlert({ job, control }: { job: JobView; control: Control }) {
  if (job.state !== 'paused') return null;
  const { error } = job;
  return (
    <Alert
      color={error === null ? 'yellow' : 'red'}
      role={error === null ? 'status' : 'alert'}
      icon={error === null ? <IconPlayerPause /> : <IconAlertTriangle />}
      title={error === null ? 'Paused until you resume it' : `Paused by itself: ${error.message}`}
    >
      <Stack gap="xs" align="flex-start">
        {error !== null && (
          <Text size="sm">
            {error.hint === null ? '' : `${error.hint} `}Once that is mended, resume the job: it doesn’t go on
            by itself.
          </Text>
        )}
        <Text size="sm">
          It goes on where it was: what is done stays done.{' '}
          {job.kind === 'BACKUP' &&
            'Only if it rests for so long that its moment can’t be read any more, it starts over with a new one.'}
        </Text>
        <ResumeButton job={job} control={control} size="xs" />
      </Stack>
    </Alert>
  );
}

/** A job in which nothing moves says so, and on what. */
export function StuckAlert({ job, onShowTasks }: { job: JobView; onShowTasks: () => void }) {
  const trpc = useTRPC();
  const every = refreshMs(job.state);
  const stuck = useQuery(
    trpc.jobs.stuck.queryOptions({ id: job.id }, { refetchInterval: every, enabled: every !== false }),
  ).data;
  if (every === false || stuck == null) return null;
  return (
    <Alert color="orange" role="alert" icon={<IconHourglassHigh />} title={stuck.title}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {stuck.hint}
        </Text>
        {stuck.task !== null && (
          <Button size="xs" variant="default" onClick={onShowTasks}>
            Show its tasks
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
