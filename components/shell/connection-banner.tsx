'use client';
import { Alert, Group, Loader } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useEffect, useSyncExternalStore } from 'react';
import { readConnection, subscribeConnection } from '../connection.ts';
import { loginPath } from './next-path.ts';

/**
 * Says loudly that the console doesn't answer, for as long as it doesn't; and when the session has ended, goes to
 * the log-in page, to come back to this very page.
 */
export function ConnectionBanner() {
  const connection = useSyncExternalStore(subscribeConnection, readConnection, () => 'ok' as const);

  useEffect(() => {
    if (connection !== 'session-ended') return;
    const { pathname, search, hash } = window.location;
    window.location.assign(loginPath(`${pathname}${search}${hash}`, true));
  }, [connection]);

  return (
    <div role="alert" aria-live="assertive">
      {connection === 'unreachable' && (
        <Alert color="red" mb="md" icon={<IconPlugConnectedX />} title="The console can’t be reached">
          <Group gap="xs">
            <Loader size="xs" color="red" aria-hidden />
            Trying again every few seconds. What you see may be out of date; running jobs are not affected.
          </Group>
        </Alert>
      )}
      {connection === 'session-ended' && (
        <Alert color="yellow" mb="md" title="Your session has ended">
          Taking you to the log-in page…
        </Alert>
      )}
    </div>
  );
}
