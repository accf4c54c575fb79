'use client';
import { Card, Radio, Stack, Title } from '@mantine/core';
import type { ClusterOverview } from './backup-wizard.tsx';

/** Full or incremental: only full can be chosen; for the other, why not and what would change that. */
export function IncrementalChoice({ cluster }: { cluster: ClusterOverview }) {
  const capability = cluster.status === 'up' ? cluster.info.incremental : null;
  const reason =
    capability === null
      ? 'The cluster does not answer.'
      : capability.available
        ? 'This cluster has what incremental backups need, but this version of Holdfast doesn’t make them yet.'
        : `${capability.reason} ${capability.remedy}`;
  return (
    <Card component="section" aria-label="Type">
      <Stack gap="md">
        <Title order={2}>Type</Title>
        <Radio.Group aria-label="Type of backup" value="full" onChange={() => undefined}>
          <Stack gap="sm">
            <Radio
              value="full"
              label="Full"
              description="Everything selected; needs no other backup to restore."
            />
            <Radio value="incremental" label="Incremental" disabled description={reason} />
          </Stack>
        </Radio.Group>
      </Stack>
    </Card>
  );
}
