'use client';
import { Button, Card, EmptyState, Group, Stack, Text, Title } from '@mantine/core';
import { IconArchive, IconDatabaseImport } from '@tabler/icons-react';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { ImportButton } from '../backups/import-button.tsx';
import { byClusterAndChain, type KnownChain } from '../backups/known-chains.ts';
import { OpenBackup } from '../backups/open-backup.tsx';
import { restorePath, viewPath } from '../backups/paths.ts';
import { SearchKnown } from '../backups/search-known.tsx';
import { useKnownBackups } from '../backups/use-known.ts';
import { plural } from '../format.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { Age, Bytes, Moment } from '../ui/figures.tsx';
import { Loading } from '../ui/loading.tsx';
import classes from './choose-backup.module.css';

/** Which backup: a known one, by cluster and chain; one whose URL is known; or one that a destination has. */
export function ChooseBackup({ initial = '' }: { initial?: string }) {
  const router = useRouter();
  const { text, setText, known, none } = useKnownBackups();
  return (
    <Stack gap="lg">
      {known.error !== null && known.data === undefined ? (
        <ErrorAlert error={known.error} onRetry={() => void known.refetch()} />
      ) : known.data === undefined ? (
        <Loading h={200} label="Loading backups" />
      ) : none ? (
        <EmptyState
          py="lg"
          icon={<IconArchive aria-hidden />}
          title="No backups are known here"
          description="After the loss of Holdfast’s data, name the destination that has them: they are found there, and known from then on."
        >
          <EmptyState.Actions>
            <ImportButton />
          </EmptyState.Actions>
        </EmptyState>
      ) : (
        <Stack gap="md" component="section" aria-label="Known backups">
          <Group justify="space-between" align="flex-end" gap="sm">
            <Title order={2}>Known backups</Title>
            <ImportButton />
          </Group>
          <SearchKnown value={text} onChange={setText} found={known.data} />
          {byClusterAndChain(known.data.backups).map(({ cluster, chains }) => (
            <Stack key={cluster} gap="xs" component="section" aria-label={`Backups of ${cluster}`}>
              <Title order={3} style={{ overflowWrap: 'anywhere' }}>
                {cluster}
              </Title>
              <ul className={classes.chains}>
                {chains.map((chain) => (
                  <li key={chain.root}>
                    <Chain chain={chain} />
                  </li>
                ))}
              </ul>
            </Stack>
          ))}
        </Stack>
      )}
      <Card padding="md" component="section" aria-label="Choose a backup">
        <Stack gap="sm">
          <Title order={2}>Any other, by its URL</Title>
          <OpenBackup
            button="Choose"
            initial={initial}
            onOpened={(backup) => router.push(restorePath(backup.url))}
          />
        </Stack>
      </Card>
    </Stack>
  );
}

/** A chain by its newest backup: any of its layers is chosen on the next page. */
function Chain({ chain: { root, backups, newest } }: { chain: KnownChain }) {
  const layers = Math.max(...backups.map(({ layer }) => layer));
  const bytes = backups.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  return (
    <div className={classes.chain}>
      <Stack gap={2} miw={0} style={{ overflowWrap: 'anywhere' }}>
        <Text size="sm" fw={600}>
          {newest.moment === null ? (
            <Age at={newest.finishedAt} />
          ) : (
            <>
              <Moment at={newest.moment} />{' '}
              <Text span size="sm" c="dimmed" fw={400}>
                (<Age at={newest.moment} />)
              </Text>
            </>
          )}
        </Text>
        <Text size="sm" component={Link} href={viewPath(newest.url)} className={classes.url}>
          {newest.url}
        </Text>
        <Text size="xs" c="dimmed">
          {layers === 1 ? 'full' : `${plural(layers, 'layer')} from ${root}`} · <Bytes value={bytes} /> stored
          {newest.job === null && ' · imported'}
        </Text>
      </Stack>
      <Button
        component={Link}
        href={restorePath(newest.url)}
        size="xs"
        variant="default"
        leftSection={<IconDatabaseImport size={14} aria-hidden />}
        aria-label={`Restore from ${newest.url}`}
      >
        Restore
      </Button>
    </div>
  );
}
