'use client';
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { AppError } from '../trpc.ts';
import { ErrorAlert } from './errors.tsx';

/** Asks once more before something is done that can't be taken back, and says what it means. */
export function ConfirmDialog({
  opened,
  onClose,
  title,
  children,
  keep,
  action,
  onConfirm,
  pending,
  error,
  errorTitle,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** What to choose to leave all as it is. */
  keep: string;
  action: string;
  onConfirm: () => void;
  pending: boolean;
  /** Why it was not done. */
  error: AppError | null;
  errorTitle: string;
}) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack gap="md">
        <Text size="sm">{children}</Text>
        {error !== null && <ErrorAlert error={error} title={errorTitle} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {keep}
          </Button>
          <Button color="red" loading={pending} onClick={onConfirm}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
