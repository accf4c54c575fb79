'use client';
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { AppError } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { Loading } from '../ui/loading.tsx';

/** What one view of a job's work shows, once it is there. */
export function WorkPanel<Row>({
  query: { data, error, refetch },
  none,
  children,
}: {
  query: { data: Row[] | undefined; error: AppError | null; refetch: () => unknown };
  none: string;
  children: (rows: Row[]) => ReactNode;
}) {
  if (data === undefined) {
    return error === null ? (
      <Loading h={160} label="Loading" />
    ) : (
      <ErrorAlert error={error} onRetry={() => void refetch()} />
    );
  }
  return data.length === 0 ? (
    <Text c="dimmed" size="sm">
      {none}
    </Text>
  ) : (
    children(data)
  );
}
