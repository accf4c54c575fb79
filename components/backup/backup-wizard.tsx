'use client';
import { Stepper } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { ErrorField } from '../../server/errors.ts';
import type { Targets } from '../../server/statement/ast.ts';
import type { Picked } from '../selection/picked.ts';
import { pickedFromJson, pickedToJson, toTargets } from '../selection/picked.ts';
import { useStep } from '../steps.ts';
import type { Inputs, Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { useBackupDraft } from './draft.ts';
import type { BackupDraft } from './draft.ts';
import { ReviewStep } from './review-step.tsx';
import { suggestDestination } from './suggestion.ts';
import { WhatStep } from './what-step.tsx';
import { WhereStep } from './where-step.tsx';

export const BACKUP_STEPS = ['what', 'where', 'review'] as const;
export type BackupStep = (typeof BACKUP_STEPS)[number];
export type BackupInput = Omit<Inputs['backups']['plan'], 'targets'> & { targets: Targets };
export type ClusterOverview = Outputs['clusters']['list'][number];

/** The step on which a problem's field is. */
export function stepOf(field: ErrorField | null): BackupStep {
  return field === 'destination' || field === 'asOf' || field === 'bases' ? 'where' : 'what';
}

/** Three steps: what, where and when, review. */
export function BackupWizard({ clusters }: { clusters: readonly ClusterOverview[] }) {
  const trpc = useTRPC();
  const [draft, setDraft, forgetDraft] = useBackupDraft();
  const [asked, go] = useStep<BackupStep>(BACKUP_STEPS, 'what');
  const narrow = useMediaQuery('(max-width: 48em)');
  const cluster =
    clusters.find(({ name }) => name === draft.cluster) ??
    clusters.find(({ status }) => status === 'up') ??
    clusters[0];
  const picked = useMemo(() => pickedFromJson(draft.picked), [draft.picked]);
  const targets = useMemo(() => toTargets(picked), [picked]);
  const known = useQuery(trpc.backups.list.queryOptions());
  const taken = useMemo(() => new Set(known.data?.map(({ url }) => url)), [known.data]);
  const suggestion = suggestDestination(targets, new Date(draft.suggestedAt), taken);
  const step = picked.size === 0 ? 'what' : asked;
  const change = (part: Partial<BackupDraft>) => setDraft((before) => ({ ...before, ...part }));
  const name = cluster?.name ?? '';
  const destination = (draft.destination ?? suggestion).trim();
  const input = useMemo<BackupInput>(
    () => ({ cluster: name, targets, destination, asOf: draft.asOf, bases: draft.bases ?? [] }),
    [name, targets, destination, draft.asOf, draft.bases],
  );
  if (cluster === undefined) return null;
  return (
    <Stepper
      active={BACKUP_STEPS.indexOf(step)}
      onStepClick={(index) => go(BACKUP_STEPS[index] ?? 'what')}
      allowNextStepsSelect={false}
      size={narrow === true ? 'xs' : 'sm'}
      contentPadding="lg"
      wrap={false}
      aria-label="Steps"
    >
      <Stepper.Step label="What" description={narrow === true ? undefined : 'Databases, tables, views'}>
        <WhatStep
          clusters={clusters}
          cluster={cluster}
          onCluster={(name) => change({ cluster: name, picked: {}, bases: null })}
          picked={picked}
          onPicked={(next: Picked) =>
            change({
              picked: pickedToJson(next),
              // The first tick begins a new backup, and the suggested name tells when that was.
              ...(picked.size === 0 ? { suggestedAt: new Date().toISOString() } : {}),
            })
          }
          onContinue={() => go('where')}
        />
      </Stepper.Step>
      <Stepper.Step label="Where" description={narrow === true ? undefined : 'Destination and moment'}>
        <WhereStep
          cluster={cluster}
          input={input}
          suggestion={suggestion}
          suggested={draft.destination === null}
          onDestination={(destination) => change({ destination })}
          onSuggest={() => change({ destination: null, suggestedAt: new Date().toISOString() })}
          onAsOf={(asOf) => change({ asOf })}
          bases={draft.bases}
          onBases={(bases) => change({ bases })}
          onBack={() => go('what')}
          onReviewed={() => go('review')}
        />
      </Stepper.Step>
      <Stepper.Step label="Plan" description={narrow === true ? undefined : 'Look it over and start'}>
        <ReviewStep input={input} onStep={go} onStarted={forgetDraft} />
      </Stepper.Step>
    </Stepper>
  );
}
