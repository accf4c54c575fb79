'use client';
import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlayerStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { formatCount, plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { BackLink } from '../ui/back-link.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Loading } from '../ui/loading.tsx';
import { PageHeader } from '../ui/page.tsx';
import { FoundChains } from './found-chains.tsx';
import { ImportWhere } from './import-where.tsx';
import { UnusableList } from './unusable-list.tsx';
import { useScan, type Scan } from './use-scan.ts';

/** "Import backups from a destination": look, see what is there, have it known from then on. */
export function ImportPage() {
  const trpc = useTRPC();
  const destinations = useQuery(trpc.destinations.list.queryOptions());
  const { scan, start, stop, imported } = useScan();
  return (
    <Stack gap="lg">
      <BackLink href="/backups">All backups</BackLink>
      <PageHeader
        title="Import backups"
        description="Backups that this Holdfast did not make, or no longer knows of: after the loss of its data, from another one, or copied from elsewhere. Only records are made; the backups stay as they are."
      />
      <Stack gap="lg">
        {destinations.error !== null && destinations.data === undefined ? (
          <ErrorAlert error={destinations.error} onRetry={() => void destinations.refetch()} />
        ) : destinations.data === undefined ? (
          <Loading h={220} label="Loading destinations" />
        ) : (
          <ImportWhere
            destinations={destinations.data}
            busy={scan?.state === 'running'}
            onLook={(source) => void start(source)}
          />
        )}
        {scan !== null && (
          <>
            <ScanStatus scan={scan} onStop={stop} />
            {scan.problem !== null && (
              <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={scan.problem.message}>
                {scan.problem.hint}
              </Alert>
            )}
            {scan.more && (
              <Alert
                color="yellow"
                icon={<IconAlertTriangle />}
                title="There are more backups than were looked at"
              >
                Import these, then look further down: name a directory by its URL.
              </Alert>
            )}
            {scan.backups.length > 0 && (
              <FoundChains
                backups={scan.backups}
                source={scan.source}
                running={scan.state === 'running'}
                onImported={imported}
              />
            )}
            {scan.unusable.length > 0 && <UnusableList unusable={scan.unusable} />}
          </>
        )}
      </Stack>
    </Stack>
  );
}

/** How far it is, and what came of it. */
function ScanStatus({ scan, onStop }: { scan: Scan; onStop: () => void }) {
  const { state, files, manifests, read } = scan;
  const listing = read === 0 && state === 'running';
  return (
    <Stack gap="xs" component="section" aria-label="Progress">
      {state === 'running' && (
        <Group gap="md" wrap="nowrap">
          <Progress
            value={listing ? 100 : (read / Math.max(1, manifests)) * 100}
            animated={listing}
            striped={listing}
            aria-label="Looking for backups"
            flex={1}
          />
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlayerStop size={14} aria-hidden />}
            onClick={onStop}
          >
            Stop
          </Button>
        </Group>
      )}
      <Text size="sm" role="status">
        {wordsOf(scan)} {plural(files, 'file')} seen
        {manifests > 0 && `, ${formatCount(read)} of ${plural(manifests, 'manifest')} read`}.
      </Text>
    </Stack>
  );
}

function wordsOf({ state, backups }: Scan): string {
  switch (state) {
    case 'running':
      return 'Looking.';
    case 'stopped':
      return `Stopped: ${plural(backups.length, 'backup')} found until then.`;
    case 'failed':
      return `It broke off: ${plural(backups.length, 'backup')} found until then.`;
    case 'ended':
      return backups.length === 0 ? 'No backups there.' : `${plural(backups.length, 'backup')} found.`;
  }
}
