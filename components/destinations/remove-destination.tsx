'use client';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import type { SavedDestination } from './form-values.ts';

/** Asks once more, and says what it means. */
export function RemoveDestination({
  destination: { id, name, login },
  opened,
  onClose,
}: {
  destination: SavedDestination;
  opened: boolean;
  onClose: () => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.destinations.remove.mutationOptions({
      onSuccess: () => {
        onClose();
        void queryClient.invalidateQueries(trpc.destinations.list.pathFilter());
      },
    }),
  );
  return (
    <Modal
      opened={opened}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      title={`Remove destination ${name}?`}
    >
      <Stack gap="md">
        <Text size="sm">
          {login === 'none'
            ? 'Holdfast forgets its name. The backups there stay, and can be opened as before.'
            : 'Holdfast forgets its credentials. The backups there stay, but they can’t be opened, restored or built on any more unless their URLs are given with credentials in them; running jobs there may fail.'}
        </Text>
        {remove.error !== null && <ErrorAlert error={remove.error} title="It was not removed" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate({ id })}>
            Remove
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
