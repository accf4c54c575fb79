'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
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
    <ConfirmDialog
      opened={opened}
      onClose={() => {
        remove.reset();
        onClose();
      }}
      title={`Remove destination ${name}?`}
      keep="Keep it"
      action="Remove"
      onConfirm={() => remove.mutate({ id })}
      pending={remove.isPending}
      error={remove.error}
      errorTitle="It was not removed"
    >
      {login === 'none'
        ? 'Holdfast forgets its name. The backups there stay, and can be opened as before.'
        : 'Holdfast forgets its credentials. The backups there stay, but they can’t be opened, restored or built on any more unless their URLs are given with credentials in them; running jobs there may fail.'}
    </ConfirmDialog>
  );
}
