'use client';
import { Stack, Stepper } from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { keepPreviousData, skipToken, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { BackupSummary, ChainLayer } from '../../server/backup/selection.ts';
import type { ErrorField } from '../../server/errors.ts';
import { openable } from '../backups/opened-with.ts';
import { pickedFromJson, pickedToJson } from '../selection/picked.ts';
import { useStep } from '../steps.ts';
import type { Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import type { RestoreDraft } from './draft.ts';
import { intoCluster, useRestoreDraft } from './draft.ts';
import type { RestoreInput } from './input.ts';
import { everything, inputOf, treeOf, withinTree } from './input.ts';
import { RestoreReview } from './restore-review.tsx';
import { RestoreWhat } from './restore-what.tsx';
import { RestoreWhere } from './restore-where.tsx';
import { UsersSection } from './users-section.tsx';

export const RESTORE_STEPS = ['what', 'where', 'review'] as const;
export type RestoreStep = (typeof RESTORE_STEPS)[number];

/** The step on which a problem's field is. */
export function stepOf(field: ErrorField | null): RestoreStep {
  return field === 'intoDb' || field === 'cluster' ? 'where' : 'what';
}

const NO_NAMES: string[] = [];

/** Back where it came from, as after a disaster; else where something can be restored at all. */
function defaultCluster(
  clusters: Outputs['clusters']['list'],
  source: BackupSummary['cluster'],
): Outputs['clusters']['list'][number] | undefined {
  const able = clusters.filter((each) => each.status === 'up' && each.info.restore.available);
  return (
    able.find((each) => each.status === 'up' && each.info.identity === source.identity) ??
    able.find(({ name }) => name === source.name) ??
    able[0] ??
    clusters[0]
  );
}

/** Three steps: what of the backup, where to, review. The plan is worked out anew with each change. */
export function RestoreWizard({
  newest,
  backup,
  layers,
  layer,
  onLayer,
  clusters,
}: {
  /** The backup that was opened. */
  newest: BackupSummary;
  /** The layer of its chain that is restored as of: itself, unless an earlier one was chosen. */
  backup: BackupSummary;
  /** The whole chain, oldest to newest; undefined while it is being looked up. */
  layers: ChainLayer[] | undefined;
  /** The URL of the layer that was chosen; `backup` is that one as soon as it has been read. */
  layer: string;
  onLayer: (url: string) => void;
  clusters: Outputs['clusters']['list'];
}) {
  const trpc = useTRPC();
  const [draft, setDraft, forgetDraft] = useRestoreDraft(newest.url);
  const [step, go] = useStep<RestoreStep>(RESTORE_STEPS, 'what');
  const narrow = useMediaQuery('(max-width: 48em)');
  const tree = useMemo(() => treeOf(backup), [backup]);
  const picked = useMemo(
    () => (draft.picked === null ? everything(tree) : withinTree(pickedFromJson(draft.picked), tree)),
    [draft.picked, tree],
  );
  const cluster =
    clusters.find(({ name }) => name === draft.cluster) ?? defaultCluster(clusters, backup.cluster);
  const databases = useQuery(
    trpc.clusters.databases.queryOptions(cluster === undefined ? skipToken : { cluster: cluster.name }),
  );
  const taken = databases.data?.map(({ name }) => name);
  const source = openable(backup.url);
  const wanted =
    cluster === undefined || taken === undefined ? null : inputOf(draft, backup, picked, cluster.name, taken);
  const input = wanted === null ? null : { ...wanted, source };

  const asked = JSON.stringify(input);
  const [settled] = useDebouncedValue(asked, 250);
  const settledInput = JSON.parse(settled) as RestoreInput | null;
  const plan = useQuery(
    trpc.restores.plan.queryOptions(settledInput ?? skipToken, {
      placeholderData: keepPreviousData,
      staleTime: 5_000,
    }),
  );
  const current =
    input !== null && backup.url === layer && asked === settled && plan.isSuccess && !plan.isPlaceholderData;
  const change = (part: Partial<RestoreDraft>) => setDraft((before) => ({ ...before, ...part }));
  if (cluster === undefined) return null;
  const shownPlan = input === null ? undefined : plan.data;

  const users = backup.cluster.kind === 'simulated' ? 0 : backup.users.length;
  return (
    <Stack gap="xl">
      <Stepper
        active={RESTORE_STEPS.indexOf(picked.size === 0 ? 'what' : step)}
        onStepClick={(index) => go(RESTORE_STEPS[index] ?? 'what')}
        allowNextStepsSelect={false}
        size={narrow === true ? 'xs' : 'sm'}
        contentPadding="lg"
        wrap={false}
        aria-label="Steps"
      >
        <Stepper.Step label="What" description={narrow === true ? undefined : 'All of it, or some'}>
          <RestoreWhat
            backup={backup}
            layers={layers}
            layer={layer}
            onLayer={onLayer}
            tree={tree}
            picked={picked}
            draft={draft}
            plan={shownPlan}
            busy={!current}
            error={plan.error}
            onPicked={(next) => change({ picked: pickedToJson(next) })}
            onDraft={change}
            onContinue={() => go('where')}
          />
        </Stepper.Step>
        <Stepper.Step label="Where" description={narrow === true ? undefined : 'Cluster and database'}>
          <RestoreWhere
            clusters={clusters}
            cluster={cluster.name}
            taken={taken ?? NO_NAMES}
            picked={picked}
            draft={draft}
            problems={current ? (shownPlan?.problems ?? []) : []}
            error={databases.error}
            onDraft={change}
            onBack={() => go('what')}
            onReview={() => go('review')}
            ready={input !== null}
          />
        </Stepper.Step>
        <Stepper.Step label="Plan" description={narrow === true ? undefined : 'Look it over and start'}>
          <RestoreReview
            input={input}
            plan={shownPlan}
            current={current}
            error={plan.error}
            onRetry={() => void plan.refetch()}
            onStep={go}
            onStarted={forgetDraft}
          />
        </Stepper.Step>
      </Stepper>
      {users > 0 && (
        <UsersSection
          source={source}
          cluster={cluster.name}
          clusters={clusters.map(({ name }) => name)}
          onCluster={(name) => change(intoCluster(name))}
        />
      )}
    </Stack>
  );
}
