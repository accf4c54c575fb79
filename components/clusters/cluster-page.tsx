'use client';
import { Alert, Button, Card, Group, Skeleton, Stack, Title } from '@mantine/core';
import { IconAlertTriangle, IconDatabaseExport, IconInfoCircle } from '@tabler/icons-react';
import { skipToken, useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter, useSearchParams } from 'next/navigation';
import type { ClusterInfo } from '../../server/cluster/cluster.ts';
import { plural } from '../format.ts';
import type { Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { BackLink } from '../ui/back-link.tsx';
import { CopyableCode } from '../ui/copyable-code.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Fact, Facts } from '../ui/fact.tsx';
import { Time } from '../ui/figures.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Capabilities } from './capabilities.tsx';
import { ClusterActions } from './cluster-actions.tsx';
import { ClusterTables } from './cluster-tables.tsx';
import { NodesTable } from './nodes-table.tsx';
import { backupPath } from './paths.ts';
import { Prerequisites } from './prerequisites.tsx';
import { RetainedPast } from './retained-past.tsx';
import { StatusBadges } from './status-badges.tsx';
import { kindName, nodesUp } from './words.ts';

type Details = Outputs['clusters']['details'];

/** All about the cluster that the page's address names. */
export function ClusterPage() {
  const trpc = useTRPC();
  const name = useSearchParams().get('name') ?? '';
  const cluster = useQuery(
    trpc.clusters.details.queryOptions(name === '' ? skipToken : { cluster: name }, {
      refetchInterval: 15_000,
    }),
  );
  return (
    <Stack gap="lg">
      <BackLink href="/clusters">All clusters</BackLink>
      {name === '' ? (
        <Alert color="yellow" icon={<IconInfoCircle />} title="No cluster is named in this page’s address">
          Choose one on the Clusters page.
        </Alert>
      ) : cluster.error !== null && cluster.data === undefined ? (
        <ErrorAlert error={cluster.error} onRetry={() => void cluster.refetch()} />
      ) : cluster.data === undefined ? (
        <Stack gap="lg" role="status" aria-busy aria-label="Asking the cluster">
          <Skeleton h={36} maw={420} />
          <Skeleton h={160} radius="md" />
          <Skeleton h={260} radius="md" />
        </Stack>
      ) : (
        <ClusterView cluster={cluster.data} />
      )}
    </Stack>
  );
}

function ClusterView({ cluster }: { cluster: Details }) {
  const router = useRouter();
  return (
    <>
      <PageHeader
        title={
          <Group gap="sm" component="span">
            <span style={{ overflowWrap: 'anywhere' }}>{cluster.name}</span>
            <StatusBadges cluster={cluster} />
          </Group>
        }
        description={
          cluster.status === 'up' ? (
            <>
              {kindName(cluster.info.kind)} {cluster.info.version} · {nodesUp(cluster.info)}
            </>
          ) : undefined
        }
        actions={
          <>
            <ClusterActions cluster={cluster} onRemoved={() => router.push('/clusters')} />
            <Button
              component={Link}
              href={backupPath(cluster.name)}
              size="xs"
              leftSection={<IconDatabaseExport size={14} aria-hidden />}
            >
              Back up
            </Button>
          </>
        }
      />
      {cluster.status === 'down' && (
        <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={cluster.error.message}>
          {cluster.error.hint}
        </Alert>
      )}
      <Registration cluster={cluster} />
      {cluster.status === 'up' && <UpCluster name={cluster.name} info={cluster.info} />}
    </>
  );
}

function Registration({ cluster }: { cluster: Details }) {
  return (
    <Card component="section" aria-label="Registration">
      <Stack gap="md">
        <CopyableCode value={cluster.redactedUrl} label="Cluster URL" />
        <Facts>
          {cluster.status === 'up' && (
            <>
              <Fact label="User">{cluster.info.user}</Fact>
              <Fact label="Identity">{cluster.info.identity}</Fact>
            </>
          )}
          <Fact label="Registered">
            {cluster.fixed ? 'by the environment, at each start' : <Time at={cluster.registeredAt} />}
          </Fact>
          <Fact label="Jobs">
            {cluster.activeJobs === 0
              ? 'none in progress'
              : `${plural(cluster.activeJobs, 'job')} in progress`}
          </Fact>
        </Facts>
        {cluster.status === 'up' && <Capabilities info={cluster.info} />}
      </Stack>
    </Card>
  );
}

function UpCluster({ name, info }: { name: string; info: ClusterInfo }) {
  return (
    <>
      <Stack gap="xs" component="section" aria-label="Nodes">
        <Title order={2}>{plural(info.nodes.length, 'node')}</Title>
        <NodesTable cluster={name} nodes={info.nodes} />
      </Stack>
      {info.kind === 'postgres' && <RetainedPast cluster={name} />}
      <Prerequisites cluster={name} capability={info.incremental} />
      <ClusterTables key={name} cluster={name} incremental={info.incremental} />
    </>
  );
}
