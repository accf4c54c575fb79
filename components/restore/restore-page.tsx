'use client';
import { Button, Skeleton, Stack } from '@mantine/core';
import { keepPreviousData, skipToken, useQuery } from '@tanstack/react-query';
import { useRouter, useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { openable } from '../backups/opened-with.ts';
import { isAddressable } from '../backups/paths.ts';
import { useTRPC } from '../trpc.ts';
import { useIsClient } from '../ui/clock.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { PageHeader } from '../ui/page.tsx';
import { ChooseBackup } from './choose-backup.tsx';
import { RestoreWizard } from './restore-wizard.tsx';

/** Without a backup in the address: which one. With one: what of it, where to, review. */
export function RestorePage() {
  const trpc = useTRPC();
  const client = useIsClient();
  const router = useRouter();
  const url = addressable(useSearchParams().get('url'));
  const [layer, chooseLayer] = useLayer(url);
  const inspected = (asked: string | null) =>
    trpc.backups.inspect.queryOptions(asked === null ? skipToken : { url: openable(asked) }, {
      staleTime: 60_000,
    });
  const backup = useQuery(inspected(url));
  const earlier = useQuery({ ...inspected(url === null ? null : layer), placeholderData: keepPreviousData });
  const chain = useQuery(
    trpc.backups.chain.queryOptions(
      url !== null && backup.data?.type === 'incremental' ? { url: openable(url) } : skipToken,
      { staleTime: 10_000 },
    ),
  );
  const clusters = useQuery(trpc.clusters.list.queryOptions());
  return (
    <>
      <PageHeader
        title="Restore"
        description={
          url === null
            ? 'Choose a backup. Nothing is written before you have seen the plan.'
            : 'Choose what to restore and where to. Existing tables are never overwritten.'
        }
        actions={
          url === null ? undefined : (
            <Button variant="default" onClick={() => router.push('/restore')}>
              Another backup
            </Button>
          )
        }
      />
      {url === null ? (
        <ChooseBackup />
      ) : backup.error !== null && backup.data === undefined ? (
        <Stack gap="lg">
          <ErrorAlert error={backup.error} onRetry={() => void backup.refetch()} />
          <ChooseBackup initial={url} />
        </Stack>
      ) : clusters.error !== null && clusters.data === undefined ? (
        <ErrorAlert error={clusters.error} onRetry={() => void clusters.refetch()} />
      ) : !client || backup.data === undefined || clusters.data === undefined ? (
        <Stack gap="lg" role="status" aria-busy aria-label="Reading the backup">
          <Skeleton h={44} />
          <Skeleton h={420} />
        </Stack>
      ) : (
        <>
          {layer !== null && earlier.error !== null && <ErrorAlert error={earlier.error} />}
          <RestoreWizard
            key={backup.data.url}
            newest={backup.data}
            backup={layer === null ? backup.data : (earlier.data ?? backup.data)}
            layers={chain.data}
            layer={layer ?? backup.data.url}
            onLayer={(chosen) => chooseLayer(chosen === backup.data.url ? null : chosen)}
            clusters={clusters.data}
          />
        </>
      )}
    </>
  );
}

/** A URL of the page's address; null where none is there, or one that should not be. */
function addressable(text: string | null): string | null {
  return text !== null && isAddressable(text) ? text : null;
}

/**
 * Which layer of the backup's chain to restore as of; null: the newest, which is the backup itself. It stands in the
 * page's address, as the backup does; a router takes that up a little later than a radio button has to change.
 */
function useLayer(backup: string | null): [string | null, (url: string | null) => void] {
  const inAddress = addressable(useSearchParams().get('layer'));
  const [chosen, setChosen] = useState<{ of: string | null; url: string | null } | null>(null);
  const choose = (url: string | null) => {
    setChosen({ of: backup, url });
    const query = new URLSearchParams(window.location.search);
    if (url === null) query.delete('layer');
    else query.set('layer', url);
    window.history.replaceState(null, '', `?${query.toString()}`);
  };
  return [chosen !== null && chosen.of === backup ? chosen.url : inAddress, choose];
}
