'use client';
import { ActionIcon, Menu } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconDots, IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import type { JobView } from '../../server/jobs/job.ts';
import type { AppError } from '../trpc.ts';
import { describeError } from '../trpc.ts';
import { fieldMessage } from '../ui/errors.tsx';
import { actionsFor } from './actions.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { useJobControl } from './use-job-control.ts';

/** What can be done with a job, from its row in a list; nothing for one that has ended. */
export function JobMenu({ job }: { job: JobView }) {
  const control = useJobControl();
  const [canceling, cancel] = useDisclosure(false);
  const actions = actionsFor(job.state);
  // Open dialogs outlast the state that they were opened in.
  if (actions.length === 0 && !canceling) return null;
  const told = { onError: (error: AppError) => tell(job, error) };
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon aria-label={`What to do with job ${job.id}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {actions.includes('pause') && (
            <Menu.Item
              leftSection={<IconPlayerPause size={16} aria-hidden />}
              onClick={() => control.pause.mutate({ id: job.id }, told)}
            >
              Pause
            </Menu.Item>
          )}
          {actions.includes('resume') && (
            <Menu.Item
              leftSection={<IconPlayerPlay size={16} aria-hidden />}
              onClick={() => control.resume.mutate({ id: job.id }, told)}
            >
              Resume
            </Menu.Item>
          )}
          {actions.includes('cancel') && (
            <Menu.Item leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={cancel.open}>
              Cancel job
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <CancelDialog job={job} cancel={control.cancel} opened={canceling} onClose={cancel.close} />
    </>
  );
}

function tell(job: JobView, error: AppError): void {
  notifications.show({ color: 'red', title: `Job ${job.id}`, message: fieldMessage(describeError(error)) });
}
