'use client';
import { Alert, Button, Card, Group, Radio, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconAlertTriangle, IconArrowLeft, IconArrowRight } from '@tabler/icons-react';
import type { Problem } from '../../server/backup/selection.ts';
import { quoteIdent } from '../../server/cluster/names.ts';
import { ClusterChoice } from '../clusters/cluster-choice.tsx';
import type { Picked } from '../selection/picked.ts';
import type { AppError, Outputs } from '../trpc.ts';
import { ErrorAlert, fieldMessage } from '../ui/errors.tsx';
import type { RestoreDraft } from './draft.ts';
import { intoCluster, intoSchema } from './draft.ts';
import { defaultInto, suggestDatabase } from './input.ts';

interface RestoreWhereProps {
  clusters: Outputs['clusters']['list'];
  cluster: string;
  /** Databases of the cluster. */
  taken: readonly string[];
  picked: Picked;
  draft: RestoreDraft;
  /** Of the plan for what is filled in now. */
  problems: readonly Problem[];
  error: AppError | null;
  /** Everything that is needed is filled in. */
  ready: boolean;
  onDraft: (part: Partial<RestoreDraft>) => void;
  onBack: () => void;
  onReview: () => void;
}

export function RestoreWhere(props: RestoreWhereProps) {
  const { clusters, cluster, taken, picked, draft, problems, error, ready, onDraft, onBack, onReview } =
    props;
  const into = draft.into ?? defaultInto(picked, taken);
  const newDb = draft.newDb ?? suggestDatabase(picked, taken);
  const here = problems.filter((problem) => problem.field === 'intoDb');
  const intoError = intoMessage(here);
  const clusterProblem = problems.find((problem) => problem.field === 'cluster');
  const owns = [...picked.keys()].map(quoteIdent).join(', ');
  const exists = into === 'new' && taken.includes(newDb.trim());

  return (
    <Stack
      gap="lg"
      maw={760}
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready && here.length === 0 && !exists) onReview();
      }}
    >
      {error !== null && <ErrorAlert error={error} />}
      <Card component="section" aria-label="Cluster">
        <Stack gap="md">
          <Title order={2}>Cluster</Title>
          <ClusterChoice
            label="Restore into cluster"
            clusters={clusters}
            value={cluster}
            onChange={(name) => onDraft(intoCluster(name))}
            drawback={(each) =>
              each.status === 'up' && !each.info.restore.available ? each.info.restore.reason : null
            }
            error={clusterProblem === undefined ? null : fieldMessage(clusterProblem)}
          />
        </Stack>
      </Card>
      <Card component="section" aria-label="Database">
        <Stack gap="md">
          <Title order={2}>Database</Title>
          <Radio.Group
            aria-label="Restore into"
            value={into}
            onChange={(value) => onDraft({ into: intoSchema.parse(value) })}
          >
            <Stack gap="sm">
              <Radio value="own" label="Into its own name" description={owns} />
              <Radio
                value="existing"
                label="Into another existing database"
                description="What is in it stays; tables of the same name are never overwritten."
              />
              <Radio value="new" label="Into a new database" description="Created by the restore." />
            </Stack>
          </Radio.Group>
          {into === 'own' && intoError !== null && (
            <Alert color="red" role="alert" icon={<IconAlertTriangle />}>
              {intoError}
            </Alert>
          )}
          {into === 'existing' && (
            <Select
              label="Existing database"
              placeholder="Choose a database"
              data={[...taken]}
              value={draft.existingDb}
              onChange={(existingDb) => onDraft({ existingDb })}
              searchable
              error={intoError}
              maw={360}
            />
          )}
          {into === 'new' && (
            <TextInput
              label="New database"
              value={newDb}
              onChange={(event) => onDraft({ newDb: event.currentTarget.value })}
              error={
                exists
                  ? `A database ${quoteIdent(newDb.trim())} exists already. Choose another name, or restore into the existing database.`
                  : intoError
              }
              spellCheck={false}
              autoComplete="off"
              maw={360}
            />
          )}
        </Stack>
      </Card>
      <Group justify="space-between">
        <Button variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />} onClick={onBack}>
          Back
        </Button>
        <Group gap="md">
          {!ready && (
            <Text size="sm" c="dimmed">
              {into === 'existing' ? 'Choose a database to go on.' : 'Name the database to go on.'}
            </Text>
          )}
          <Button
            type="submit"
            disabled={!ready || here.length > 0 || exists}
            rightSection={<IconArrowRight size={16} aria-hidden />}
          >
            Review
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}

/** Problems with the database, the first in full and the rest counted; null for none. */
function intoMessage(problems: readonly Problem[]): string | null {
  const [first, ...others] = problems;
  if (first === undefined) return null;
  return others.length === 0
    ? fieldMessage(first)
    : `${first.message} (and ${others.length} more). ${first.hint ?? ''}`;
}
