'use client';
import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react';
import type { AppError } from '../trpc.ts';
import { describeError } from '../trpc.ts';

/** What failed and what to do, with a way to ask again. */
export function ErrorAlert({
  error,
  title,
  onRetry,
}: {
  error: AppError | Error;
  title?: string;
  onRetry?: () => void;
}) {
  const { message, hint } = describeError(error);
  const more = title !== undefined || hint !== null || onRetry !== undefined;
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title={title ?? message} role="alert">
      {more && (
        <Stack gap="xs" align="flex-start">
          {title !== undefined && <Text size="sm">{message}</Text>}
          {hint !== null && <Text size="sm">{hint}</Text>}
          {onRetry !== undefined && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconRefresh size={14} aria-hidden />}
              onClick={onRetry}
            >
              Try again
            </Button>
          )}
        </Stack>
      )}
    </Alert>
  );
}

/** An error's two sentences as one field message. Messages in CockroachDB's words end without a full stop. */
export function fieldMessage({ message, hint }: { message: string; hint: string | null }): string {
  if (hint === null) return message;
  return `${/[.!?…]$/.test(message) ? message : `${message}.`} ${hint}`;
}
