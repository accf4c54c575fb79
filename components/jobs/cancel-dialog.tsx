'use client';
import type { JobView } from '../../server/jobs/job.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { KIND_WORDS } from './kinds.ts';
import type { useJobControl } from './use-job-control.ts';

/** Asks once more before a job is canceled: what it has done so far is lost. */
export function CancelDialog({
  job,
  cancel,
  opened,
  onClose,
}: {
  job: Pick<JobView, 'id' | 'kind' | 'state'>;
  cancel: ReturnType<typeof useJobControl>['cancel'];
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <ConfirmDialog
      opened={opened}
      onClose={() => {
        cancel.reset();
        onClose();
      }}
      title="Cancel this job?"
      keep={job.state === 'paused' ? 'Leave it paused' : 'Let it run'}
      action="Cancel job"
      onConfirm={() => cancel.mutate({ id: job.id }, { onSuccess: onClose })}
      pending={cancel.isPending}
      error={cancel.error}
      errorTitle="It was not canceled"
    >
      {KIND_WORDS[job.kind].canceling}
    </ConfirmDialog>
  );
}
