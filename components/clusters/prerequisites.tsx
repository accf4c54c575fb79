'use client';
import { Badge, Button, Card, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Capability, Prerequisite } from '../../server/cluster/cluster.ts';
import { quoteIdent } from '../../server/cluster/names.ts';
import { useTRPC } from '../trpc.ts';
import { CopyableCode } from '../ui/copyable-code.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { useTurnOn } from './use-turn-on.ts';
import { Loading } from '../ui/loading.tsx';

/** What incremental backups of this cluster need or gain by, and one click to turn on what is missing. */
export function Prerequisites({ cluster, capability }: { cluster: string; capability: Capability }) {
  const trpc = useTRPC();
  const found = useQuery(trpc.clusters.prerequisites.queryOptions({ cluster }, { staleTime: 10_000 }));
  return (
    <Stack gap="xs" component="section" aria-label="Incremental backups">
      <Title order={2}>Incremental backups</Title>
      {found.error !== null && found.data === undefined ? (
        <ErrorAlert error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Loading h={90} label="Asking what incremental backups need" />
      ) : found.data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {capability.available
            ? 'They need nothing that would have to be turned on here.'
            : `There is nothing to turn on here. ${capability.reason}`}
        </Text>
      ) : (
        <Stack gap="sm">
          {found.data.map((prerequisite) => (
            <PrerequisiteCard key={prerequisite.id} cluster={cluster} prerequisite={prerequisite} />
          ))}
        </Stack>
      )}
    </Stack>
  );
}

/** What one database needs besides, for clusters in which each has something of its own to turn on; else nothing. */
export function DatabasePrerequisites({ cluster, database }: { cluster: string; database: string }) {
  const trpc = useTRPC();
  const found = useQuery(
    trpc.clusters.prerequisites.queryOptions({ cluster, database }, { staleTime: 10_000 }),
  );
  const own = (found.data ?? []).filter((prerequisite) => prerequisite.database === database);
  if (found.error !== null && found.data === undefined)
    return <ErrorAlert error={found.error} onRetry={() => void found.refetch()} />;
  if (own.length === 0) return null;
  const title = `Incremental backups of ${quoteIdent(database)}`;
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Title order={2}>{title}</Title>
      <Stack gap="sm">
        {own.map((prerequisite) => (
          <PrerequisiteCard key={prerequisite.id} cluster={cluster} prerequisite={prerequisite} />
        ))}
      </Stack>
    </Stack>
  );
}

/** Whether a prerequisite is there: in colour, sign and word. */
export function MetBadge({ met }: { met: boolean }) {
  return (
    <Badge
      color={met ? 'green' : 'yellow'}
      leftSection={
        met ? <IconCircleCheck size={14} aria-hidden /> : <IconCircleDashed size={14} aria-hidden />
      }
    >
      {met ? 'met' : 'not met'}
    </Badge>
  );
}

/** What a prerequisite is for, and what turning it on runs. */
export function AboutPrerequisite({ prerequisite }: { prerequisite: Prerequisite }) {
  const { name, met, detail, action } = prerequisite;
  return (
    <>
      <Text size="sm">{detail}</Text>
      {!met && action === null && (
        <Text size="sm" c="dimmed">
          This can’t be turned on from here.
        </Text>
      )}
      {!met && action !== null && <CopyableCode value={action} label={`SQL for ${name}`} />}
    </>
  );
}

function PrerequisiteCard({ cluster, prerequisite }: { cluster: string; prerequisite: Prerequisite }) {
  const { name, met, action } = prerequisite;
  const [confirming, confirm] = useDisclosure(false);
  return (
    <Card padding="md" component="section" aria-label={name}>
      <Stack gap="xs">
        <Group justify="space-between" gap="sm">
          <Group gap="sm">
            <Title order={3}>{name}</Title>
            <MetBadge met={met} />
          </Group>
          {!met && action !== null && (
            <Button size="xs" onClick={confirm.open} aria-label={`Turn on ${name}`}>
              Turn on
            </Button>
          )}
        </Group>
        <AboutPrerequisite prerequisite={prerequisite} />
      </Stack>
      <TurnOnModal
        cluster={cluster}
        prerequisite={prerequisite}
        opened={confirming}
        onClose={confirm.close}
      />
    </Card>
  );
}

function TurnOnModal({
  cluster,
  prerequisite,
  opened,
  onClose,
}: {
  cluster: string;
  prerequisite: Prerequisite;
  opened: boolean;
  onClose: () => void;
}) {
  const { name, action } = prerequisite;
  const meet = useTurnOn(cluster, () => {
    onClose();
    notifications.show({ color: 'green', message: `${name} turned on in ${cluster}.` });
  });
  function close(): void {
    meet.reset();
    onClose();
  }
  return (
    <Modal opened={opened} onClose={close} title={`Turn on ${name}?`}>
      <Stack gap="md">
        <Text size="sm">This is run in cluster {cluster}, and holds for all who use it:</Text>
        <CopyableCode value={action ?? ''} label="SQL" />
        {meet.error !== null && <ErrorAlert error={meet.error} title="It was not turned on" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Leave it
          </Button>
          <Button loading={meet.isPending} onClick={() => meet.mutate([prerequisite])}>
            Turn on
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
