'use client';
import { Autocomplete, Button, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { BackupSummary } from '../../server/backup/selection.ts';
import type { AppError } from '../trpc.ts';
import { describeError, useTRPC } from '../trpc.ts';
import { fieldMessage } from '../ui/errors.tsx';
import { openable, rememberOpened } from './opened-with.ts';

/** A field for any backup's URL, with the known ones to choose from. It is opened before the page goes on. */
export function OpenBackup({
  button,
  onOpened,
  initial = '',
}: {
  button: string;
  onOpened: (backup: BackupSummary) => void;
  initial?: string;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const known = useQuery(trpc.backups.list.queryOptions());
  const [url, setUrl] = useState(initial);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  async function open() {
    const asked = url.trim();
    if (asked === '') {
      setError('Enter the URL of a backup, such as nodelocal://self/bank-2026-11-22-1410.');
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      const backup = await queryClient.fetchQuery(
        trpc.backups.inspect.queryOptions({ url: openable(asked) }, { staleTime: 0 }),
      );
      rememberOpened(backup.url, asked);
      onOpened(backup);
    } catch (failure) {
      setError(fieldMessage(describeError(failure as AppError)));
      field.current?.focus();
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void open();
      }}
    >
      <Group align="flex-start" gap="sm">
        <Autocomplete
          ref={field}
          label="Backup URL"
          placeholder="nodelocal://self/…"
          data={[...new Set((known.data?.backups ?? []).map((backup) => backup.url))]}
          limit={20}
          value={url}
          onChange={(value) => {
            setUrl(value);
            setError(null);
          }}
          error={error}
          spellCheck={false}
          autoComplete="off"
          style={{ flex: '1 1 260px' }}
        />
        <Button type="submit" loading={busy} mt={25} variant="default">
          {button}
        </Button>
      </Group>
    </form>
  );
}
