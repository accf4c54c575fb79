'use client';
import { Button, type ButtonProps } from '@mantine/core';
import { skipToken, useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useEffect, useState, type ReactNode } from 'react';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { openable } from '../backups/opened-with.ts';
import { viewPath } from '../backups/paths.ts';
import { DrillDialog } from '../drill/drill-button.tsx';
import { useTRPC } from '../trpc.ts';
import { VerifyDialog } from '../verify/verify-button.tsx';

/** Begins a verify of the backup, once it is said how thorough. */
export function StartVerify({ url, ...looks }: { url: string } & ButtonProps) {
  return (
    <StartProof
      url={url}
      label="Verify"
      dialog={(backup, opened, onClose) => <VerifyDialog backup={backup} opened={opened} onClose={onClose} />}
      {...looks}
    />
  );
}

/** Begins a drill of the backup, once it is said where. */
export function StartDrill({ url, ...looks }: { url: string } & ButtonProps) {
  return (
    <StartProof
      url={url}
      label="Drill"
      dialog={(backup, opened, onClose) => <DrillDialog backup={backup} opened={opened} onClose={onClose} />}
      {...looks}
    />
  );
}

/** What a dialog says of a backup is read when it is asked for. */
function StartProof({
  url,
  label,
  dialog,
  ...looks
}: {
  url: string;
  label: string;
  dialog: (backup: BackupSummary, opened: boolean, onClose: () => void) => ReactNode;
} & ButtonProps) {
  const trpc = useTRPC();
  const router = useRouter();
  const [opened, setOpened] = useState(false);
  const backup = useQuery(
    trpc.backups.inspect.queryOptions(opened ? { url: openable(url) } : skipToken, { staleTime: 60_000 }),
  );
  const failed = opened && backup.error !== null;
  useEffect(() => {
    // Its own page tells what is the matter with it.
    if (failed) router.push(viewPath(url));
  }, [failed, router, url]);
  return (
    <>
      <Button
        {...looks}
        aria-label={`${label} ${url}`}
        loading={opened && backup.isFetching && backup.data === undefined}
        onClick={() => setOpened(true)}
      >
        {label}
      </Button>
      {backup.data !== undefined && dialog(backup.data, opened, () => setOpened(false))}
    </>
  );
}
