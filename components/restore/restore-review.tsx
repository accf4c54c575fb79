'use client';
import { Badge, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconArrowLeft, IconPlayerPlay } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useRef } from 'react';
import type { RestoredObject, RestorePlan } from '../../server/backup/selection.ts';
import { nameKey, printName, quoteIdent } from '../../server/cluster/names.ts';
import { LayerList } from '../backups/layer-list.tsx';
import { plural } from '../format.ts';
import type { AppError } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { StatementSection } from '../ui/statement-section.tsx';
import { Warnings } from '../ui/warnings.tsx';
import { columnsFor, DataTable } from '../ui/data-table.tsx';
import { ErrorAlert } from '../ui/errors.tsx';
import { Fact, Facts } from '../ui/fact.tsx';
import { Bytes, Count, Dash, Moment } from '../ui/figures.tsx';
import { hasRows, KIND_WORD, KindIcon } from '../ui/kind.tsx';
import { ProblemAlerts } from '../ui/problem-alerts.tsx';
import type { RestoreInput } from './input.ts';
import { TargetChecks } from './target-checks.tsx';
import type { RestoreStep } from './restore-wizard.tsx';
import { stepOf } from './restore-wizard.tsx';

interface RestoreReviewProps {
  input: RestoreInput | null;
  plan: RestorePlan | undefined;
  /** The plan is that of the input. */
  current: boolean;
  error: AppError | null;
  onRetry: () => void;
  onStep: (step: RestoreStep) => void;
  /** Called once the job exists, before its page is opened. */
  onStarted: () => void;
}

export function RestoreReview({
  input,
  plan,
  current,
  error,
  onRetry,
  onStep,
  onStarted,
}: RestoreReviewProps) {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const submitted = useRef(false);
  const start = useMutation(trpc.restores.start.mutationOptions());

  function onStart() {
    // State changes only with the next render; a second click may come before it.
    if (submitted.current || input === null) return;
    submitted.current = true;
    start.mutate(input, {
      onSuccess: ({ jobId }) => {
        onStarted();
        void queryClient.invalidateQueries(trpc.jobs.pathFilter());
        void queryClient.invalidateQueries(trpc.clusters.pathFilter());
        router.push(`/jobs/${jobId}`);
      },
      onError: () => {
        submitted.current = false;
        onRetry();
      },
    });
  }

  const problems = plan?.problems ?? [];
  return (
    <Stack gap="lg">
      {error !== null && <ErrorAlert error={error} onRetry={onRetry} />}
      {start.error !== null && <ErrorAlert error={start.error} title="The restore was not started" />}
      <ProblemAlerts
        problems={problems}
        whereToMend={(problem) => {
          const step = stepOf(problem.field);
          return {
            label: `Change it under “${step === 'what' ? 'What' : 'Where'}”`,
            onClick: () => onStep(step),
          };
        }}
      />
      {plan === undefined || input === null ? (
        error === null && (
          <Stack gap="lg" role="status" aria-busy aria-label="Planning">
            <Skeleton h={88} />
            <Skeleton h={190} />
            <Skeleton h={140} />
          </Stack>
        )
      ) : (
        <PlanView plan={plan} input={input} />
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
          disabled={!current || error !== null || problems.length > 0}
          loading={start.isPending || start.isSuccess}
          onClick={onStart}
        >
          Start restore
        </Button>
      </Group>
    </Stack>
  );
}

const column = columnsFor<RestoredObject>();
const columns = column.columns([
  column.accessor((row) => printName(row.source), {
    id: 'source',
    header: 'In the backup',
    cell: ({ row: { original }, getValue }) => (
      <Group gap="xs" wrap="nowrap" title={KIND_WORD[original.kind]}>
        <KindIcon kind={original.kind} />
        <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>
      </Group>
    ),
  }),
  column.accessor((row) => printName(row.target), {
    id: 'target',
    header: 'Restored as',
    cell: ({ row: { original }, getValue }) => (
      <Group gap="xs">
        <span style={{ overflowWrap: 'anywhere' }}>{getValue()}</span>
        {original.conflict && <Badge color="red">exists already</Badge>}
      </Group>
    ),
    meta: { ownLine: true },
  }),
  column.accessor('rows', {
    header: 'Rows',
    cell: ({ row: { original } }) =>
      hasRows(original) ? <Count value={original.rows} atMost={original.atMost} /> : <Dash />,
    meta: { align: 'right', width: '120px' },
  }),
  column.accessor('bytes', {
    header: 'Size',
    cell: ({ row: { original } }) => (hasRows(original) ? <Bytes value={original.bytes} /> : <Dash />),
    meta: { align: 'right', width: '110px', wideOnly: true },
  }),
]);

function PlanView({ plan, input }: { plan: RestorePlan; input: RestoreInput }) {
  return (
    <>
      <Warnings warnings={plan.warnings} />
      <TargetChecks checks={plan.checks} cluster={input.cluster} />
      <StatementSection statement={plan.statement} />
      <Stack gap="xs" component="section" aria-label="Plan">
        <Title order={2}>Plan</Title>
        <Facts>
          <Fact label="From">
            {plan.layers.length > 1 ? <LayerList layers={plan.layers} label="From" /> : input.source}
          </Fact>
          {plan.source !== null && (
            <Fact label="Consistent as of">
              <Moment at={plan.source.moment} />
            </Fact>
          )}
          <Fact label="Into cluster">{input.cluster}</Fact>
          <Fact label="Into database">
            {input.intoDb === null ? 'its own name' : quoteIdent(input.intoDb)}
            {plan.createsDatabases.length > 0 && (
              <Text span size="sm" c="dimmed">
                {' '}
                (creates {plan.createsDatabases.map(quoteIdent).join(', ')})
              </Text>
            )}
          </Fact>
          <Fact label="What">
            {plural(plan.objects.length, 'object')}, {plural(plan.totals.tables, 'table')} with{' '}
            {plan.totals.atMost ? 'at most ' : ''}
            {plural(plan.totals.rows, 'row')}, <Bytes value={plan.totals.bytes} />
          </Fact>
          <Fact label="Privileges">Restored tables take the grants of the database they land in.</Fact>
        </Facts>
      </Stack>
      {plan.objects.length > 0 && (
        <Stack gap="xs" component="section" aria-label="Objects">
          <Title order={2}>Objects</Title>
          <DataTable
            label="Objects of the plan"
            columns={columns}
            data={plan.objects}
            rowId={({ kind, source }) => kind + nameKey(source)}
            minWidth={480}
          />
        </Stack>
      )}
    </>
  );
}
