'use client';
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';

/** Removes the record of an imported backup, after asking once more; never its files. */
export function ForgetBackup({ url }: { url: string }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [asking, ask] = useDisclosure(false);
  const forget = useMutation(
    trpc.imports.forget.mutationOptions({
      onSuccess: () => {
        ask.close();
        void queryClient.invalidateQueries(trpc.backups.pathFilter());
      },
    }),
  );
  return (
    <>
      <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={ask.open}>
        Forget
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => {
          forget.reset();
          ask.close();
        }}
        title="Forget this backup?"
        keep="Keep it"
        action="Forget"
        onConfirm={() => forget.mutate({ urls: [url] })}
        pending={forget.isPending}
        error={forget.error}
        errorTitle="It was not forgotten"
      >
        It is not listed any more. Its files stay where they are: it can be opened by its URL, and imported
        again.
      </ConfirmDialog>
    </>
  );
}
