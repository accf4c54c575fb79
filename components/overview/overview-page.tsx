'use client';
import { Alert, Anchor, Button, Card, EmptyState, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconDatabaseExport, IconShieldCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { KnownBackups } from '../backups/known-backups.tsx';
import { clusterPath } from '../clusters/paths.ts';
import { kindName, nodesUp } from '../clusters/words.ts';
import { plural } from '../format.ts';
import { useActiveJobs } from '../jobs/active-jobs.ts';
import { JobsTable } from '../jobs/jobs-table.tsx';
import { PausedJobs } from '../jobs/paused-jobs.tsx';
import { WorstVerdict } from '../readiness/worst-verdict.tsx';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert, fieldMessage } from '../ui/errors.tsx';
import { Age } from '../ui/figures.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Loading } from '../ui/loading.tsx';

/** Backups and jobs listed here; the rest is a page away. */
const SHOWN = 5;

/** Is everything up, what is running, how old is the newest backup, and what to do next. */
export function OverviewPage() {
  const trpc = useTRPC();
  const backups = useQuery(trpc.backups.list.queryOptions(undefined, { refetchInterval: 10_000 }));
  const active = useActiveJobs();
  const open = active.data?.jobs ?? [];
  const running = open.filter(({ state }) => state !== 'paused');
  const newest = backups.data?.backups[0];
  return (
    <>
      <PageHeader
        title="Overview"
        description={
          newest === undefined ? undefined : (
            <>
              Newest backup: <Age at={newest.finishedAt} />
            </>
          )
        }
        actions={
          <>
            <Button
              component={Link}
              href="/backup"
              leftSection={<IconDatabaseExport size={18} aria-hidden />}
              variant={backups.data?.backups.length === 0 ? 'default' : 'filled'}
            >
              Make a backup
            </Button>
            {newest !== undefined && (
              <Button component={Link} href="/restore" variant="default">
                Restore
              </Button>
            )}
          </>
        }
      />
      <Stack gap="xl">
        <PausedJobs jobs={open} />
        <WorstVerdict />
        <Clusters />
        {running.length > 0 && (
          <Section
            title={`${plural(running.length, 'job')} running`}
            more={{ href: '/jobs', label: 'All jobs' }}
          >
            <JobsTable jobs={running.slice(0, SHOWN)} label="Running jobs" />
          </Section>
        )}
        <Section
          title="Newest backups"
          more={newest === undefined ? null : { href: '/backups', label: 'All backups' }}
        >
          {backups.error !== null && backups.data === undefined ? (
            <ErrorAlert error={backups.error} onRetry={() => void backups.refetch()} />
          ) : backups.data === undefined ? (
            <Loading h={200} label="Loading backups" />
          ) : backups.data.backups.length === 0 ? (
            <Card padding="xl">
              <EmptyState
                icon={<IconShieldCheck aria-hidden />}
                variant="light"
                title="Nothing is backed up yet"
                description="Choose a database, look the plan over, start: it takes a minute. Restoring it into a new database shows that the backup is good."
              >
                <EmptyState.Actions>
                  <Button
                    component={Link}
                    href="/backup"
                    leftSection={<IconDatabaseExport size={18} aria-hidden />}
                  >
                    Make the first backup
                  </Button>
                </EmptyState.Actions>
              </EmptyState>
            </Card>
          ) : (
            <KnownBackups backups={backups.data.backups.slice(0, SHOWN)} label="Newest backups" />
          )}
        </Section>
      </Stack>
    </>
  );
}

function Section({
  title,
  more = null,
  children,
}: {
  title: string;
  more?: { href: string; label: string } | null;
  children: ReactNode;
}) {
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Group justify="space-between">
        <Title order={2}>{title}</Title>
        {more !== null && (
          <Anchor component={Link} href={more.href} size="sm">
            {more.label}
          </Anchor>
        )}
      </Group>
      {children}
    </Stack>
  );
}

function Clusters() {
  const trpc = useTRPC();
  const clusters = useQuery(trpc.clusters.list.queryOptions(undefined, { refetchInterval: 15_000 }));
  if (clusters.error !== null && clusters.data === undefined) {
    return <ErrorAlert error={clusters.error} onRetry={() => void clusters.refetch()} />;
  }
  if (clusters.data === undefined) return <Loading h={64} label="Loading clusters" />;
  return (
    <Stack gap="sm" component="section" aria-label="Clusters">
      {clusters.data.map((cluster) =>
        cluster.status === 'up' ? (
          <Card key={cluster.name} padding="md">
            <Group gap="sm">
              <IconCircleCheck size={20} aria-hidden color="var(--mantine-color-green-6)" />
              <Anchor component={Link} href={clusterPath(cluster.name)} fw={600}>
                {cluster.name}
              </Anchor>
              <Text size="sm">
                up · {kindName(cluster.info.kind)} {cluster.info.version} · {nodesUp(cluster.info)}
              </Text>
            </Group>
          </Card>
        ) : (
          <Alert
            key={cluster.name}
            color="red"
            role="alert"
            icon={<IconAlertTriangle />}
            title={`Cluster ${cluster.name} does not answer`}
          >
            {fieldMessage(cluster.error)}
          </Alert>
        ),
      )}
    </Stack>
  );
}
