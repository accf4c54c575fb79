'use client';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlayerStop } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { JobView } from '../../server/jobs/job.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';

export function CancelJob({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const cancel = useMutation(
    trpc.jobs.cancel.mutationOptions({
      onSuccess: () => {
        close();
        void queryClient.invalidateQueries(trpc.jobs.pathFilter());
      },
    }),
  );
  const onItsWay = job.state === 'cancel-requested' || job.state === 'reverting';
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconPlayerStop size={16} aria-hidden />}
        disabled={onItsWay}
        onClick={open}
      >
        Cancel job
      </Button>
      <Modal opened={opened} onClose={close} title="Cancel this job?">
        <Stack gap="md">
          <Text size="sm">
            {job.kind === 'BACKUP'
              ? 'The files that it has written are removed; there will be no backup. Nothing else is touched.'
              : 'The databases and tables that it has created are removed. Nothing else is touched.'}
          </Text>
          {cancel.error !== null && <ErrorAlert error={cancel.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} data-autofocus>
              Let it run
            </Button>
            <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate({ id: job.id })}>
              Cancel job
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
