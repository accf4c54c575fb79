'use client';
import { Button, Group, Stack } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { ClusterChoice } from '../clusters/cluster-choice.tsx';
import type { ClusterOverview } from './backup-wizard.tsx';

/** Which cluster is backed up, where there are several: none is taken for granted. */
export function ClusterStep({
  clusters,
  value,
  onChange,
  onContinue,
}: {
  clusters: readonly ClusterOverview[];
  value: string | null;
  onChange: (name: string) => void;
  onContinue: () => void;
}) {
  const chosen = clusters.find(({ name }) => name === value);
  return (
    <Stack
      gap="lg"
      maw={760}
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen?.status === 'up') onContinue();
      }}
    >
      <ClusterChoice label="Cluster to back up" clusters={clusters} value={value} onChange={onChange} />
      <Group justify="flex-end">
        <Button
          type="submit"
          disabled={chosen?.status !== 'up'}
          rightSection={<IconArrowRight size={16} aria-hidden />}
        >
          Continue
        </Button>
      </Group>
    </Stack>
  );
}
