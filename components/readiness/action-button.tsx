'use client';
import { Button, type ButtonProps } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import type { Action } from '../../server/restore/readiness/verdict.ts';
import { beginFull, beginIncremental } from '../backups/begin-incremental.ts';
import { openable } from '../backups/opened-with.ts';
import { viewPath } from '../backups/paths.ts';
import { clusterPath } from '../clusters/paths.ts';
import { plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { StartDrill, StartVerify } from './start-proof.tsx';

/** What would improve a verdict most, a click away. */
export function ActionButton({ action, ...looks }: { action: Action } & ButtonProps) {
  const router = useRouter();
  switch (action.kind) {
    case 'full-backup':
      return (
        <Button {...looks} onClick={() => router.push(beginFull(action.cluster, action.databases))}>
          Make a full backup
        </Button>
      );
    case 'incremental':
      return (
        <BuildOnButton cluster={action.cluster} url={action.url} database={null} {...looks}>
          Make an incremental backup
        </BuildOnButton>
      );
    case 'add-tables': {
      const label = `Back up ${plural(action.tables, 'more table')}`;
      return action.on === null ? (
        <Button {...looks} onClick={() => router.push(beginFull(action.cluster, [action.database]))}>
          {label}
        </Button>
      ) : (
        <BuildOnButton cluster={action.cluster} url={action.on} database={action.database} {...looks}>
          {label}
        </BuildOnButton>
      );
    }
    case 'verify':
      return <StartVerify url={action.url} {...looks} />;
    case 'drill':
      return <StartDrill url={action.url} {...looks} />;
    default: {
      const { href, label } = linkOf(action);
      return (
        <Button component={Link} href={href} {...looks}>
          {label}
        </Button>
      );
    }
  }
}

type Linked = Extract<Action, { kind: 'mend-destination' | 'restore-layer' | 'mend-cluster' | 'see-job' }>;

function linkOf(action: Linked): { href: string; label: string } {
  switch (action.kind) {
    case 'mend-destination':
      return { href: '/destinations', label: 'Mend the destination' };
    case 'restore-layer':
      return { href: viewPath(action.url), label: 'Look for the backup' };
    case 'mend-cluster':
      return { href: clusterPath(action.cluster), label: 'See the cluster' };
    case 'see-job':
      return {
        href: `/jobs/${action.jobId}`,
        label: action.why === 'running' ? 'Watch the job' : 'See what it found',
      };
  }
}

/** Opens the wizard with an incremental backup on this one: of the same objects, or of all of a database. */
function BuildOnButton({
  cluster,
  url,
  database,
  children,
  ...looks
}: { cluster: string; url: string; database: string | null; children: string } & ButtonProps) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const begin = useMutation({
    mutationFn: async () => {
      const backup = await queryClient.fetchQuery(
        trpc.backups.inspect.queryOptions({ url: openable(url) }, { staleTime: 60_000 }),
      );
      return beginIncremental(
        cluster,
        backup,
        database === null ? undefined : new Map([[database, 'all' as const]]),
      );
    },
    onSuccess: (path) => router.push(path),
    // Its own page tells what is the matter with it.
    onError: () => router.push(viewPath(url)),
  });
  return (
    <Button {...looks} loading={begin.isPending} onClick={() => begin.mutate()}>
      {children}
    </Button>
  );
}
