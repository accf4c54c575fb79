'use client';
import { Alert, Anchor, Card, Radio, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { skipToken, useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import type { Ref } from 'react';
import { clusterPath } from '../clusters/paths.ts';
import { useTRPC } from '../trpc.ts';
import type { BaseCandidates } from './base-choice.tsx';
import { BaseChoice } from './base-choice.tsx';
import type { ClusterOverview } from './backup-wizard.tsx';

interface IncrementalChoiceProps {
  cluster: ClusterOverview;
  candidates: BaseCandidates;
  /** null: a full backup; empty: an incremental one whose base is still to be chosen. */
  bases: string[] | null;
  onBases: (bases: string[] | null) => void;
  /** What the last check said of the bases. */
  error: string | null;
  cards: Ref<HTMLDivElement>;
}

/** Full or incremental, and what an incremental backup builds on. */
export function IncrementalChoice(props: IncrementalChoiceProps) {
  const { cluster, candidates, bases, onBases, error, cards } = props;
  const capability = cluster.status === 'up' ? cluster.info.incremental : null;
  const available = capability?.available === true;
  const description =
    capability === null
      ? 'The cluster does not answer.'
      : capability.available
        ? 'Only what changed since an earlier backup; restored together with it.'
        : `${capability.reason} ${capability.remedy}`;
  return (
    <Card component="section" aria-label="Type">
      <Stack gap="md">
        <Title order={2}>Type</Title>
        <Radio.Group
          aria-label="Type of backup"
          value={bases === null ? 'full' : 'incremental'}
          onChange={(value) => onBases(value === 'full' ? null : [])}
        >
          <Stack gap="sm">
            <Radio
              value="full"
              label="Full"
              description="Everything selected; needs no other backup to restore."
            />
            <Radio
              value="incremental"
              label="Incremental"
              disabled={!available && bases === null}
              description={description}
            />
          </Stack>
        </Radio.Group>
        <Unmet cluster={cluster.name} asked={capability !== null && (bases !== null || !available)} />
        {bases !== null &&
          (available ? (
            <BaseChoice candidates={candidates} bases={bases} onBases={onBases} error={error} cards={cards} />
          ) : (
            <Alert color="red" role="alert" icon={<IconAlertTriangle />}>
              This cluster can’t be backed up incrementally now. Take a full backup instead.
            </Alert>
          ))}
      </Stack>
    </Card>
  );
}

/** What incremental backups of the cluster need or gain by and that is turned off: what that means, and where to turn it on. */
function Unmet({ cluster, asked }: { cluster: string; asked: boolean }) {
  const trpc = useTRPC();
  const found = useQuery(
    trpc.clusters.prerequisites.queryOptions(asked ? { cluster } : skipToken, { staleTime: 10_000 }),
  );
  const unmet = asked ? (found.data ?? []).filter(({ met }) => !met) : [];
  return unmet.map(({ id, name, detail, action }) => (
    <Alert key={id} color="yellow" icon={<IconAlertTriangle />} title={`${name} not turned on`}>
      <Stack gap="xs">
        <Text size="sm">{detail}</Text>
        <Anchor component={Link} href={clusterPath(cluster)} size="sm" underline="always" w="fit-content">
          {action === null ? `See the page of ${cluster}` : `Turn it on, on the page of ${cluster}`}
        </Anchor>
      </Stack>
    </Alert>
  ));
}
