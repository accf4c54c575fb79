'use client';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import {
  createTRPCClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  httpSubscriptionLink,
  splitLink,
} from '@trpc/client';
import { useState } from 'react';
import type { ReactNode } from 'react';
import type { AppRouter } from '../server/trpc/router.ts';
import { createQueryClient } from './query-client.ts';
import { theme } from './theme.ts';
import { TRPCProvider } from './trpc.ts';

const url = '/api/trpc';

/** Inputs that may be long (a hundred thousand names) or carry a backup URL go in a body, never in an address. */
const inBody = new Set([
  'backups.check',
  'backups.bases',
  'backups.plan',
  'backups.inspect',
  'backups.about',
  'backups.chain',
  'backups.object',
  'backups.tableLayers',
  'backups.firstRows',
  'backups.schema',
  'restores.plan',
  'restores.users',
]);

/** Answers that wait for a cluster or a storage, which may take seconds to say nothing: no other answer waits for them in a batch. */
function isSlow(path: string): boolean {
  return (
    path.startsWith('clusters.') ||
    path.startsWith('readiness.') ||
    path === 'destinations.test' ||
    path === 'imports.add'
  );
}

function createClient() {
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (op) => op.type === 'subscription',
        true: httpSubscriptionLink({ url }),
        false: splitLink({
          condition: (op) => op.type === 'query' && inBody.has(op.path),
          true: httpLink({ url, methodOverride: 'POST' }),
          false: splitLink({
            // What it tells comes bit by bit.
            condition: (op) => op.path === 'imports.scan',
            true: httpBatchStreamLink({ url, maxItems: 1 }),
            false: splitLink({
              condition: (op) => isSlow(op.path),
              true: httpLink({ url }),
              false: httpBatchLink({ url, maxURLLength: 4000 }),
            }),
          }),
        }),
      }),
    ],
  });
}

export function Providers({ children }: { children: ReactNode }) {
  const [queryClient] = useState(createQueryClient);
  const [trpcClient] = useState(createClient);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queryClient}>
        <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
          {children}
        </TRPCProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
