'use client';
import { Alert, Card, Radio, Stack, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Ref } from 'react';
import { TurnOnIncremental } from '../clusters/turn-on-incremental.tsx';
import type { BaseCandidates } from './base-choice.tsx';
import { BaseChoice } from './base-choice.tsx';
import type { ClusterOverview } from './backup-wizard.tsx';

interface IncrementalChoiceProps {
  cluster: ClusterOverview;
  /** That are backed up. */
  databases: readonly string[];
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
  const { cluster, databases, candidates, bases, onBases, error, cards } = props;
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
        {capability !== null && (
          <TurnOnIncremental
            key={JSON.stringify(databases)}
            cluster={cluster.name}
            databases={databases}
            onFull={bases === null ? null : () => onBases(null)}
          />
        )}
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
