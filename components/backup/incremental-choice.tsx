'use client';
import { Card, Radio, Stack, Text, Title } from '@mantine/core';
import type { Targets } from '../../server/statement/ast.ts';
import { BaseChoice } from './base-choice.tsx';
import type { ClusterOverview } from './backup-wizard.tsx';

interface IncrementalChoiceProps {
  cluster: ClusterOverview;
  targets: Targets;
  /** null: a full backup; empty: an incremental one whose base is still to be chosen. */
  bases: string[] | null;
  onBases: (bases: string[] | null) => void;
  /** What the last check said of the bases. */
  error: string | null;
}

/** Full or incremental, and what an incremental backup builds on. */
export function IncrementalChoice({ cluster, targets, bases, onBases, error }: IncrementalChoiceProps) {
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
        {bases !== null && available && (
          <BaseChoice cluster={cluster.name} targets={targets} bases={bases} onBases={onBases} />
        )}
        {error !== null && (
          <Text c="red" size="sm" role="alert">
            {error}
          </Text>
        )}
      </Stack>
    </Card>
  );
}
