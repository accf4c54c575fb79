'use client';
import {
  Alert,
  Badge,
  Card,
  Group,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  ThemeIcon,
  Title,
} from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCircleCheck, IconMinus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Capability, ClusterInfo, ClusterNode, DatabaseInfo } from '../../server/cluster/cluster.ts';
import { plural } from '../format.ts';
import type { Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { CopyableCode } from '../ui/copyable-code.tsx';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Bytes } from '../ui/figures.tsx';
import { kindName } from './words.ts';

export function ClusterCard({ cluster }: { cluster: Outputs['clusters']['list'][number] }) {
  return (
    <Card component="section" aria-label={`Cluster ${cluster.name}`}>
      <Stack gap="lg">
        <Group justify="space-between">
          <Group gap="sm">
            <Title order={2}>{cluster.name}</Title>
            {cluster.status === 'up' ? (
              <Badge color="green" leftSection={<IconCircleCheck size={14} aria-hidden />}>
                up
              </Badge>
            ) : (
              <Badge color="red" leftSection={<IconAlertTriangle size={14} aria-hidden />}>
                does not answer
              </Badge>
            )}
            {cluster.status === 'up' && cluster.info.kind === 'simulated' && (
              <Badge color="orange">simulation</Badge>
            )}
            {cluster.embedded && <Badge color="gray">embedded</Badge>}
          </Group>
          {cluster.status === 'up' && (
            <Text c="dimmed" size="sm">
              {kindName(cluster.info.kind)} {cluster.info.version}, as {cluster.info.user}
            </Text>
          )}
        </Group>
        <Stack gap={4}>
          <Text size="sm" c="dimmed">
            URL, its password not shown
          </Text>
          <CopyableCode value={cluster.redactedUrl} label="Cluster URL" />
        </Stack>
        {cluster.status === 'down' ? (
          <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={cluster.error.message}>
            {cluster.error.hint}
          </Alert>
        ) : (
          <UpCluster name={cluster.name} info={cluster.info} />
        )}
      </Stack>
    </Card>
  );
}

function UpCluster({ name, info }: { name: string; info: ClusterInfo }) {
  return (
    <>
      <SimpleGrid cols={{ base: 1, md: 3 }} spacing="md">
        <CapabilityNote title="Earlier times (AS OF SYSTEM TIME)" capability={info.asOf} />
        <CapabilityNote title="Incremental backups" capability={info.incremental} />
        <CapabilityNote title="Restores into it" capability={info.restore} />
      </SimpleGrid>
      <Stack gap="xs">
        <Title order={3}>{plural(info.nodes.length, 'node')}</Title>
        <DataTable
          label={`Nodes of ${name}`}
          columns={nodeColumns}
          data={info.nodes}
          rowId={({ id }) => id}
          minWidth={320}
        />
      </Stack>
      <Databases cluster={name} />
    </>
  );
}

function CapabilityNote({ title, capability }: { title: string; capability: Capability }) {
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <ThemeIcon variant="light" color={capability.available ? 'green' : 'gray'} size="md" aria-hidden>
        {capability.available ? <IconCheck size={16} /> : <IconMinus size={16} />}
      </ThemeIcon>
      <Stack gap={2} miw={0}>
        <Text size="sm" fw={600}>
          {title}: {capability.available ? 'available' : 'not available'}
        </Text>
        {!capability.available && (
          <>
            <Text size="sm">{capability.reason}</Text>
            <Text size="sm" c="dimmed">
              {capability.remedy}
            </Text>
          </>
        )}
      </Stack>
    </Group>
  );
}

const node = columnsFor<ClusterNode>();
const nodeColumns = node.columns([
  node.accessor('id', { header: 'Node', meta: { width: '90px' } }),
  node.accessor('address', { header: 'Address' }),
  node.accessor('locality', {
    header: 'Locality',
    cell: ({ getValue }) => (getValue() === '' ? '–' : getValue()),
    meta: { wideOnly: true },
  }),
  node.accessor('live', {
    header: 'State',
    cell: ({ getValue }) => (
      <Badge color={getValue() ? 'green' : 'red'}>{getValue() ? 'live' : 'not live'}</Badge>
    ),
    meta: { width: '120px' },
  }),
]);

const database = columnsFor<DatabaseInfo>();
const databaseColumns = database.columns([
  database.accessor('name', {
    header: 'Database',
    cell: ({ row: { original } }) => (
      <Group gap="xs">
        {original.name}
        {original.system && (
          <Badge color="gray" size="sm">
            system
          </Badge>
        )}
      </Group>
    ),
  }),
  database.accessor('bytes', {
    header: 'Size',
    cell: ({ getValue }) => <Bytes value={getValue()} />,
    meta: { align: 'right', width: '140px' },
  }),
]);

function Databases({ cluster }: { cluster: string }) {
  const trpc = useTRPC();
  const databases = useQuery(trpc.clusters.databases.queryOptions({ cluster }, { staleTime: 30_000 }));
  return (
    <Stack gap="xs">
      <Title order={3}>Databases</Title>
      {databases.error !== null && databases.data === undefined ? (
        <ErrorAlert error={databases.error} onRetry={() => void databases.refetch()} />
      ) : databases.data === undefined ? (
        <Skeleton h={120} radius="md" aria-busy aria-label="Loading databases" />
      ) : (
        <DataTable
          label={`Databases of ${cluster}`}
          columns={databaseColumns}
          data={databases.data}
          rowId={({ name }) => name}
          minWidth={280}
        />
      )}
    </Stack>
  );
}
