'use client';
import { Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { actionsFor } from '../jobs/actions.ts';
import { CancelDialog } from '../jobs/cancel-dialog.tsx';
import type { useJobControl } from '../jobs/use-job-control.ts';

/** Pause, resume and cancel; what can't be done right now is not there, or is on its way. */
export function JobControls({ job, control }: { job: JobView; control: ReturnType<typeof useJobControl> }) {
  const [canceling, cancel] = useDisclosure(false);
  if (isFinal(job.state)) return null;
  const actions = actionsFor(job.state);
  return (
    <Group gap="xs">
      {actions.includes('resume') && <ResumeButton job={job} control={control} />}
      {(actions.includes('pause') || job.state === 'pause-requested') && (
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={16} aria-hidden />}
          disabled={!actions.includes('pause')}
          loading={control.pause.isPending}
          onClick={() => control.pause.mutate({ id: job.id })}
        >
          Pause
        </Button>
      )}
      <Button
        variant="default"
        leftSection={<IconPlayerStop size={16} aria-hidden />}
        disabled={!actions.includes('cancel')}
        onClick={cancel.open}
      >
        Cancel job
      </Button>
      <CancelDialog job={job} cancel={control.cancel} opened={canceling} onClose={cancel.close} />
    </Group>
  );
}

export function ResumeButton({
  job,
  control: { resume },
  size = 'sm',
}: {
  job: JobView;
  control: ReturnType<typeof useJobControl>;
  size?: 'sm' | 'xs';
}) {
  return (
    <Button
      size={size}
      leftSection={<IconPlayerPlay size={16} aria-hidden />}
      loading={resume.isPending}
      onClick={() => resume.mutate({ id: job.id })}
    >
      Resume
    </Button>
  );
}
