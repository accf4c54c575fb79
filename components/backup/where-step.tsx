'use client';
import { Button, Card, Group, Radio, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconArrowLeft, IconArrowRight } from '@tabler/icons-react';
import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Problem } from '../../server/backup/selection.ts';
import { databasesOf } from '../../server/backup/targets.ts';
import type { SavedDestination } from '../destinations/form-values.ts';
import { hashOnce } from '../query-hash.ts';
import type { AppError } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { useNow } from '../ui/clock.ts';
import { ErrorAlert, fieldMessage } from '../ui/errors.tsx';
import type { BackupInput, ClusterOverview } from './backup-wizard.tsx';
import { stepOf } from './backup-wizard.tsx';
import { lostBase, newestUsable } from './base.ts';
import { DestinationChoice } from './destination-choice.tsx';
import { IncrementalChoice } from './incremental-choice.tsx';
import type { StorageChoice } from './storage.ts';

interface WhereStepProps {
  cluster: ClusterOverview;
  input: BackupInput;
  suggestion: string;
  /** The destination is the suggested one. */
  suggested: boolean;
  saved: readonly SavedDestination[];
  storage: StorageChoice;
  /** `url` null: as suggested. */
  onStorage: (value: string, url: string | null) => void;
  onDestination: (destination: string) => void;
  onSuggest: () => void;
  onAsOf: (asOf: string | null) => void;
  /** null: a full backup; empty: the base is still to be chosen. */
  bases: string[] | null;
  onBases: (bases: string[] | null) => void;
  /** A backup to offer among them that this console may not have made. */
  also: string | null;
  onBack: () => void;
  onReviewed: () => void;
}

export function WhereStep(props: WhereStepProps) {
  const { cluster, input, suggested, suggestion, onDestination, onSuggest, onAsOf, onBack, onReviewed } =
    props;
  const { bases, onBases, also, saved, storage, onStorage } = props;
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [checked, setChecked] = useState<{ input: BackupInput; problems: Problem[] } | null>(null);
  const [failure, setFailure] = useState<AppError | null>(null);
  const [busy, setBusy] = useState(false);
  const urlField = useRef<HTMLInputElement>(null);
  const asOfField = useRef<HTMLInputElement>(null);
  const cards = useRef<HTMLDivElement>(null);
  const now = useNow();
  const incremental = bases !== null;
  const databases = useMemo(() => databasesOf(input.targets), [input.targets]);
  const asked = useMemo(
    () => (incremental ? { cluster: cluster.name, targets: input.targets, also } : skipToken),
    [incremental, cluster.name, input.targets, also],
  );
  const candidates = useQuery(
    trpc.backups.bases.queryOptions(asked, {
      // The chosen one may disappear while the page is open.
      refetchInterval: 30_000,
      queryKeyHashFn: hashOnce,
    }),
  );
  const newest = newestUsable(candidates.data ?? [], now);
  useEffect(() => {
    if (bases?.length === 0 && newest !== undefined) onBases(newest.chain);
  }, [bases, newest, onBases]);
  const lost = lostBase(bases, candidates.data, now);
  const asOfCapability = cluster.status === 'up' ? cluster.info.asOf : null;

  // A refusal stands beside its field until the field is changed.
  const errorOf = (field: 'destination' | 'asOf' | 'bases') => {
    if (checked === null || checked.input[field] !== input[field]) return null;
    const problem = checked.problems.find((each) => each.field === field);
    return problem === undefined ? null : fieldMessage(problem);
  };

  async function review() {
    setBusy(true);
    setFailure(null);
    try {
      const plan = await queryClient.fetchQuery(trpc.backups.plan.queryOptions(input, { staleTime: 0 }));
      setChecked({ input, problems: plan.problems });
      const here = plan.problems.find((problem) => stepOf(problem.field) === 'where');
      if (here === undefined) onReviewed();
      else focus(here.field);
    } catch (error) {
      setFailure(error as AppError);
    } finally {
      setBusy(false);
    }
  }

  function focus(field: Problem['field']): void {
    if (field === 'bases') {
      const card = cards.current?.querySelector<HTMLElement>('[aria-checked=true]');
      card?.focus();
    } else (field === 'asOf' ? asOfField : urlField).current?.focus();
  }

  const lacking =
    input.destination === ''
      ? 'Enter a backup URL to go on.'
      : bases?.length === 0
        ? candidates.data !== undefined && newest === undefined
          ? 'Choose “Full” to go on.'
          : 'Choose what to build on, to go on.'
        : lost !== null
          ? 'Choose something else to build on, to go on.'
          : null;
  return (
    <Stack gap="lg" maw={760} component="form" onSubmit={(event) => (event.preventDefault(), void review())}>
      <IncrementalChoice
        cluster={cluster}
        databases={databases}
        candidates={candidates}
        bases={bases}
        onBases={onBases}
        error={errorOf('bases')}
        cards={cards}
      />
      <DestinationChoice
        saved={saved}
        storage={storage}
        url={suggested ? suggestion : input.destination}
        suggested={suggested}
        error={errorOf('destination')}
        field={urlField}
        onStorage={onStorage}
        onUrl={onDestination}
        onSuggest={onSuggest}
      />
      <Card component="section" aria-label="Moment">
        <Stack gap="md">
          <Title order={2}>Moment</Title>
          <Radio.Group
            aria-label="Consistent as of"
            value={input.asOf === null ? 'now' : 'asOf'}
            onChange={(value) => onAsOf(value === 'now' ? null : '-10s')}
          >
            <Stack gap="sm">
              <Radio
                value="now"
                label="Now"
                description="As of the moment that the job fixes when it starts."
              />
              <Radio
                value="asOf"
                label="An earlier time"
                disabled={asOfCapability?.available !== true && input.asOf === null}
                description={
                  asOfCapability === null
                    ? 'The cluster does not answer, so nobody knows how far back it can be read.'
                    : asOfCapability.available
                      ? 'AS OF SYSTEM TIME: some seconds back contends least with running transactions.'
                      : `${asOfCapability.reason} ${asOfCapability.remedy}`
                }
              />
            </Stack>
          </Radio.Group>
          {input.asOf !== null && (
            <TextInput
              ref={asOfField}
              label="As of system time"
              description="An interval such as -10s or -1h, or a time such as 2026-11-22 14:10:00+00:00."
              value={input.asOf}
              onChange={(event) => onAsOf(event.currentTarget.value)}
              error={errorOf('asOf')}
              spellCheck={false}
              autoComplete="off"
              maw={420}
            />
          )}
        </Stack>
      </Card>
      {failure !== null && <ErrorAlert error={failure} />}
      <Group justify="space-between">
        <Button variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />} onClick={onBack}>
          Back
        </Button>
        <Group gap="md">
          {lacking !== null && (
            <Text size="sm" c="dimmed">
              {lacking}
            </Text>
          )}
          <Button
            type="submit"
            loading={busy}
            disabled={lacking !== null || input.asOf?.trim() === ''}
            rightSection={<IconArrowRight size={16} aria-hidden />}
          >
            Review
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}
