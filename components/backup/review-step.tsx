'use client';
import { Alert, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconArrowLeft, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useRef } from 'react';
import type { BackupPlan, Problem } from '../../server/backup/selection.ts';
import { quoteIdent } from '../../server/cluster/names.ts';
import { plural } from '../format.ts';
import { LayerList } from '../backups/layer-list.tsx';
import { rememberOpened } from '../backups/opened-with.ts';
import { hashOnce } from '../query-hash.ts';
import { useTRPC } from '../trpc.ts';
import { StatementSection } from '../ui/statement-section.tsx';
import { Warnings } from '../ui/warnings.tsx';
import { Fact, Facts } from '../ui/fact.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Bytes, Count } from '../ui/figures.tsx';
import { ProblemAlerts } from '../ui/problem-alerts.tsx';
import type { BackupInput, BackupStep } from './backup-wizard.tsx';
import { stepOf } from './backup-wizard.tsx';
import { PlannedNodes, PlannedTables } from './planned-tables.tsx';

const STEP_TITLE: Record<BackupStep, string> = { what: 'What', where: 'Where', review: 'Plan' };

interface ReviewStepProps {
  input: BackupInput;
  onStep: (step: BackupStep) => void;
  /** Called once the job exists, before its page is opened. */
  onStarted: () => void;
}

/** What the backup would do, the statement that does it, and the button. */
export function ReviewStep({ input, onStep, onStarted }: ReviewStepProps) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const plan = useQuery(
    trpc.backups.plan.queryOptions(input, {
      staleTime: 10_000,
      structuralSharing: false,
      queryKeyHashFn: hashOnce,
    }),
  );
  const submitted = useRef(false);
  const start = useMutation(trpc.backups.start.mutationOptions());

  function onStart() {
    // State changes only with the next render; a second click may come before it.
    if (submitted.current) return;
    submitted.current = true;
    start.mutate(input, {
      onSuccess: ({ jobId }) => {
        // The job's page leads to the backup by its URL without credentials.
        if (plan.data?.destination != null) rememberOpened(plan.data.destination, input.destination);
        onStarted();
        void queryClient.invalidateQueries(trpc.jobs.pathFilter());
        router.push(`/jobs/${jobId}`);
      },
      onError: () => {
        submitted.current = false;
        void plan.refetch();
      },
    });
  }

  const problems = plan.data?.problems ?? [];
  const ready = plan.data !== undefined && plan.error === null && problems.length === 0;
  return (
    <Stack gap="lg">
      {plan.error !== null && <ErrorAlert error={plan.error} onRetry={() => void plan.refetch()} />}
      {start.error !== null && <ErrorAlert error={start.error} title="The backup was not started" />}
      <ProblemAlerts
        problems={problems}
        whereToMend={(problem: Problem) => {
          const step = stepOf(problem.field);
          return { label: `Change it under “${STEP_TITLE[step]}”`, onClick: () => onStep(step) };
        }}
      />
      {plan.data === undefined ? (
        plan.error === null && <PlanSkeleton />
      ) : (
        <PlanView plan={plan.data} input={input} />
      )}
      <Group justify="space-between">
        <Button
          variant="default"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
          onClick={() => onStep('where')}
        >
          Back
        </Button>
        <Button
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          disabled={!ready}
          loading={start.isPending || start.isSuccess}
          onClick={onStart}
        >
          Start backup
        </Button>
      </Group>
    </Stack>
  );
}

function PlanView({ plan, input }: { plan: BackupPlan; input: BackupInput }) {
  const missing = plan.selection.missing.length;
  return (
    <>
      {missing > 0 && (
        <Alert color="yellow" role="alert" icon={<IconAlertTriangle />} title="Dependencies are missing">
          {plural(missing, 'dependency', 'dependencies')} of what you chose will not be in this backup; “What”
          tells which and what it means. The backup can be made all the same.
        </Alert>
      )}
      <Warnings warnings={plan.warnings} />
      <StatementSection statement={plan.statement} />
      <Stack gap="xs" component="section" aria-label="Plan">
        <Title order={2}>Plan</Title>
        <Facts>
          <Fact label="Cluster">{input.cluster}</Fact>
          <Fact label="Destination">{plan.destination ?? '–'}</Fact>
          <Fact label="Moment">
            {input.asOf === null ? 'the time at which the job starts' : `as of system time ${input.asOf}`}
          </Fact>
          {plan.bases.length > 0 && (
            <Fact label="Builds on">
              <LayerList layers={plan.bases} label="Builds on" />
            </Fact>
          )}
          <Fact label="What">{whatOf(input, plan)}</Fact>
          <Fact label="Rows">
            <Count value={plan.totals.rows} estimate />
          </Fact>
          <Fact label="Estimated size">
            <Bytes value={plan.totals.bytes} />{' '}
            <Text span c="dimmed" size="sm">
              {plan.bases.length > 0 ? 'of the tables; only what changed is written' : 'before compression'}
            </Text>
          </Fact>
          <Fact label="Ranges">
            {plural(plan.totals.ranges, 'range')} on {plural(plan.nodes.length, 'node')}
          </Fact>
        </Facts>
      </Stack>
      {plan.nodes.length > 0 && (
        <Stack gap="xs" component="section" aria-label="Nodes">
          <Title order={2}>Nodes</Title>
          <PlannedNodes nodes={plan.nodes} />
        </Stack>
      )}
      {plan.tables.length > 0 && (
        <Stack gap="xs" component="section" aria-label="Tables">
          <Title order={2}>Tables</Title>
          <PlannedTables tables={plan.tables} incremental={plan.bases.length > 0} />
        </Stack>
      )}
    </>
  );
}

function whatOf(input: BackupInput, plan: BackupPlan): string {
  const objects = plural(plan.selection.objects.length, 'object');
  if (input.targets.kind === 'databases') {
    const names = input.targets.names.map(quoteIdent).join(', ');
    return `${input.targets.names.length === 1 ? 'database' : 'databases'} ${names}: ${objects}`;
  }
  return `${objects}, ${plural(plan.totals.tables, 'table')} with rows`;
}

function PlanSkeleton() {
  return (
    <Stack gap="lg" role="status" aria-busy aria-label="Planning">
      <Skeleton h={88} />
      <Skeleton h={190} />
      <Skeleton h={140} />
    </Stack>
  );
}
