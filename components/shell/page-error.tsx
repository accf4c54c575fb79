'use client';
import { Button, EmptyState } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect } from 'react';

/** What stands in place of a page whose rendering failed. Nothing on the server is affected by that. */
export function PageError({ error, retry }: { error: unknown; retry: () => void }) {
  useEffect(() => {
    console.error(error);
  }, [error]);
  return (
    <EmptyState
      py={80}
      role="alert"
      icon={<IconAlertTriangle aria-hidden />}
      title={<h1 style={{ font: 'inherit', margin: 0 }}>This page failed</h1>}
      description={`${error instanceof Error ? error.message : 'Something unexpected happened.'} Running jobs are not affected.`}
    >
      <EmptyState.Actions>
        <Button onClick={() => retry()}>Try again</Button>
      </EmptyState.Actions>
    </EmptyState>
  );
}
