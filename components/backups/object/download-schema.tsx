'use client';
import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronDown, IconDownload } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { BackupSummary } from '../../../server/backup/selection.ts';
import { quoteIdent } from '../../../server/cluster/names.ts';
import type { AppError } from '../../trpc.ts';
import { describeError, useTRPC } from '../../trpc.ts';
import { fieldMessage } from '../../ui/errors.tsx';
import { openable } from '../opened-with.ts';

/** Saves the statements that make a database's objects as a file. Of several databases, one is chosen. */
export function DownloadSchema({ backup }: { backup: BackupSummary }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [busy, setBusy] = useState(false);
  const databases = [...new Set(backup.objects.map(({ name }) => name.database))].sort();

  async function download(database: string) {
    setBusy(true);
    try {
      const { name, text } = await queryClient.fetchQuery(
        trpc.backups.schema.queryOptions({ url: openable(backup.url), database }, { gcTime: 0 }),
      );
      save(name, text);
    } catch (failure) {
      notifications.show({
        color: 'red',
        title: 'The schema can’t be downloaded',
        message: fieldMessage(describeError(failure as AppError)),
      });
    } finally {
      setBusy(false);
    }
  }

  const [first] = databases;
  if (first === undefined) return null;
  const looks = {
    size: 'compact-sm',
    variant: 'default',
    loading: busy,
    leftSection: <IconDownload size={14} aria-hidden />,
  } as const;
  if (databases.length === 1) {
    return (
      <Button {...looks} onClick={() => void download(first)}>
        Download the schema
      </Button>
    );
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button {...looks} rightSection={<IconChevronDown size={14} aria-hidden />}>
          Download the schema
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
        <Menu.Label>Of which database</Menu.Label>
        {databases.map((database) => (
          <Menu.Item key={database} onClick={() => void download(database)}>
            {quoteIdent(database)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/sql' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun with it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
