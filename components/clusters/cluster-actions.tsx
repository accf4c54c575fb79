'use client';
import { Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { ClusterFormModal } from './cluster-form.tsx';

type Registration = Pick<Outputs['clusters']['list'][number], 'name' | 'redactedUrl' | 'fixed'>;

/** Editing and removing a registration; nothing for one that the environment registers. */
export function ClusterActions({ cluster, onRemoved }: { cluster: Registration; onRemoved?: () => void }) {
  const [editing, edit] = useDisclosure(false);
  const [removing, remove] = useDisclosure(false);
  if (cluster.fixed) return null;
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPencil size={14} aria-hidden />}
        onClick={edit.open}
        aria-label={`Change URL of ${cluster.name}`}
      >
        Change URL
      </Button>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconTrash size={14} aria-hidden />}
        onClick={remove.open}
        aria-label={`Remove ${cluster.name}`}
      >
        Remove
      </Button>
      <ClusterFormModal opened={editing} onClose={edit.close} onSaved={edit.close} registered={cluster} />
      <RemoveModal
        name={cluster.name}
        opened={removing}
        onClose={remove.close}
        onRemoved={onRemoved ?? remove.close}
      />
    </Group>
  );
}

function RemoveModal({
  name,
  opened,
  onClose,
  onRemoved,
}: {
  name: string;
  opened: boolean;
  onClose: () => void;
  onRemoved: () => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.clusters.remove.mutationOptions({
      onSuccess: () => {
        onRemoved();
        void queryClient.invalidateQueries(trpc.clusters.list.pathFilter());
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
      title={`Remove cluster ${name}?`}
      keep="Keep it"
      action="Remove"
      onConfirm={() => remove.mutate({ cluster: name })}
      pending={remove.isPending}
      error={remove.error}
      errorTitle="It was not removed"
    >
      Holdfast forgets its URL. The cluster itself, its backups and the list of its jobs are not touched; it
      can be registered again at any time.
    </ConfirmDialog>
  );
}
