'use client';
import { Alert, Anchor, Button, Card, Group, List, Skeleton, Stack, Title } from '@mantine/core';
import { IconDatabaseImport, IconInfoCircle } from '@tabler/icons-react';
import { skipToken, useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import type { BackupSummary } from '../../server/backup/selection.ts';
import { quoteIdent } from '../../server/cluster/names.ts';
import { kindName } from '../clusters/words.ts';
import { formatDuration, plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { BackLink } from '../ui/back-link.tsx';
import { StatementSection } from '../ui/statement-section.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Fact, Facts } from '../ui/fact.tsx';
import { Age, Bytes, Count, Moment, Time } from '../ui/figures.tsx';
import { PageHeader } from '../ui/page.tsx';
import { DrillButton } from '../drill/drill-button.tsx';
import { LastDrill } from '../drill/last-drill.tsx';
import { LastDamage, LastVerified } from '../verify/last-verified.tsx';
import { VerifyButton } from '../verify/verify-button.tsx';
import { BackupChain } from './backup-chain.tsx';
import { BackupObjects } from './backup-objects.tsx';
import { BackupUsers } from './backup-users.tsx';
import { BuildOn } from './build-on.tsx';
import { ForgetBackup } from './forget-backup.tsx';
import { TypeBadge } from './layer-list.tsx';
import { openable } from './opened-with.ts';
import { isAddressable, restorePath } from './paths.ts';

/** What one backup holds, read from its manifest. */
export function BackupViewPage() {
  const trpc = useTRPC();
  const url = useSearchParams().get('url') ?? '';
  const asked = isAddressable(url);
  const backup = useQuery(
    trpc.backups.inspect.queryOptions(asked ? { url: openable(url) } : skipToken, { staleTime: 60_000 }),
  );
  return (
    <Stack gap="lg">
      <BackLink href="/backups">All backups</BackLink>
      {!asked ? (
        <Alert color="yellow" icon={<IconInfoCircle />} title="No backup is named in this page’s address">
          Open one by its URL on the Backups page.
        </Alert>
      ) : backup.data !== undefined ? (
        <BackupView backup={backup.data} />
      ) : backup.error !== null ? (
        <ErrorAlert error={backup.error} onRetry={() => void backup.refetch()} />
      ) : (
        <Stack gap="lg" role="status" aria-busy aria-label="Reading the backup">
          <Skeleton h={36} maw={420} />
          <Skeleton h={220} radius="md" />
          <Skeleton h={260} radius="md" />
        </Stack>
      )}
    </Stack>
  );
}

function BackupView({ backup }: { backup: BackupSummary }) {
  const trpc = useTRPC();
  const about = useQuery(trpc.backups.about.queryOptions({ url: backup.url, jobId: backup.jobId }));
  const importedAt = about.data?.job === null ? about.data.importedAt : null;
  const took = Date.parse(backup.finishedAt) - Date.parse(backup.startedAt);
  return (
    <>
      <PageHeader
        title={<span style={{ overflowWrap: 'anywhere' }}>{backup.url}</span>}
        description={
          <>
            {backup.type === 'full'
              ? 'Full backup'
              : `Incremental backup, layer ${backup.chain.length + 1} of its chain`}
            , <Age at={backup.moment} />
          </>
        }
        actions={
          <Group gap="sm">
            {importedAt !== null && <ForgetBackup url={backup.url} />}
            <VerifyButton backup={backup} />
            <DrillButton backup={backup} />
            <BuildOn backup={backup} />
            <Button
              component={Link}
              href={restorePath(backup.url)}
              leftSection={<IconDatabaseImport size={16} aria-hidden />}
            >
              Restore
            </Button>
          </Group>
        }
      />
      <LastDamage backupId={backup.id} />
      <Card component="section" aria-label="Summary">
        <Facts>
          <Fact label="Type">
            <TypeBadge type={backup.type} />
          </Fact>
          <Fact label="Consistent as of">
            <Moment at={backup.moment} />
          </Fact>
          <Fact label="Cluster">
            {backup.cluster.name} ({kindLabel(backup.cluster.kind)} {backup.cluster.version})
          </Fact>
          {backup.databases.length > 0 && (
            <Fact label="Whole databases">{backup.databases.map(quoteIdent).join(', ')}</Fact>
          )}
          <Fact label="Rows">
            <Count value={backup.totals.rows} />
          </Fact>
          <Fact label="Stored">
            <Bytes value={backup.totals.bytes} /> in {plural(backup.totals.files, 'file')} (
            <Bytes value={backup.totals.rawBytes} /> of rows)
          </Fact>
          <Fact label="Users">
            <BackupUsers names={backup.users} />
          </Fact>
          <Fact label="Made by">
            {about.data?.job == null ? (
              <>job {backup.jobId}</>
            ) : (
              <Anchor component={Link} href={`/jobs/${backup.jobId}`} underline="always" inherit>
                job {backup.jobId}
              </Anchor>
            )}
            {about.data !== undefined && about.data?.job == null && ' (not known here)'}, from{' '}
            <Time at={backup.startedAt} />, in {formatDuration(took)}
          </Fact>
          {importedAt !== null && (
            <Fact label="Imported">
              <Time at={importedAt} />
            </Fact>
          )}
          <Fact label="Last verified">
            <LastVerified backupId={backup.id} />
          </Fact>
          <Fact label="Last drill">
            <LastDrill backupId={backup.id} />
          </Fact>
        </Facts>
      </Card>
      {backup.type === 'incremental' && <BackupChain backup={backup} />}
      <StatementSection statement={backup.statement} />
      <BackupObjects backup={backup} />
      {backup.leftOut.length > 0 && (
        <Stack gap="xs" component="section" aria-label="Not included">
          <Title order={2}>Not included</Title>
          <List size="sm">
            {backup.leftOut.map((each) => (
              <List.Item key={each}>{each}</List.Item>
            ))}
          </List>
        </Stack>
      )}
    </>
  );
}

function kindLabel(kind: string): string {
  return kind === 'postgres' || kind === 'cockroachdb' || kind === 'simulated' ? kindName(kind) : kind;
}
