'use client';
import { Button } from '@mantine/core';
import { IconLogout } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';

/** Logs out and leaves for the log-in page with a full load: nothing of the session stays in memory. */
export function RootMenu() {
  const trpc = useTRPC();
  const logout = useMutation(
    trpc.session.logout.mutationOptions({
      onSuccess: () => {
        sessionStorage.clear();
        window.location.assign('/login');
      },
    }),
  );
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-md"
      fz="sm"
      fw={500}
      leftSection={<IconLogout size={18} stroke={1.6} aria-hidden />}
      loading={logout.isPending || logout.isSuccess}
      onClick={() => logout.mutate()}
    >
      Log out
    </Button>
  );
}
