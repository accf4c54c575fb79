'use client';
import { Stepper } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'next/navigation';
import { useCallback, useMemo } from 'react';
import type { ErrorField } from '../../server/errors.ts';
import type { Targets } from '../../server/statement/ast.ts';
import type { SavedDestination } from '../destinations/form-values.ts';
import { openable } from '../backups/opened-with.ts';
import type { Picked } from '../selection/picked.ts';
import { pickedFromJson, pickedToJson, toTargets } from '../selection/picked.ts';
import { useStep } from '../steps.ts';
import type { Inputs, Outputs } from '../trpc.ts';
import { useTRPC } from '../trpc.ts';
import { ClusterStep } from './cluster-step.tsx';
import { useBackupDraft } from './draft.ts';
import type { BackupDraft } from './draft.ts';
import { ReviewStep } from './review-step.tsx';
import { baseOf, storageOf } from './storage.ts';
import { suggestDestination } from './suggestion.ts';
import { WhatStep } from './what-step.tsx';
import { WhereStep } from './where-step.tsx';

export const BACKUP_STEPS = ['what', 'where', 'review'] as const;
export type BackupStep = (typeof BACKUP_STEPS)[number];
/** Where there are several clusters, choosing one comes first. */
const STEPS_OF_SEVERAL = ['cluster', ...BACKUP_STEPS] as const;
type WizardStep = (typeof STEPS_OF_SEVERAL)[number];
/** Four steps beside each other on a phone. */
const TIGHT = {
  iconSize: 22,
  styles: { separator: { marginInline: 4 }, stepBody: { marginInlineStart: 6 } },
};
const NONE_SAVED: SavedDestination[] = [];
/** What belongs to the cluster that was chosen before. */
const NOTHING_OF_ANOTHER = { picked: {}, bases: null, also: null };
export type BackupInput = Omit<Inputs['backups']['plan'], 'targets'> & { targets: Targets };
export type ClusterOverview = Outputs['clusters']['list'][number];

/** The step on which a problem's field is. */
export function stepOf(field: ErrorField | null): BackupStep {
  return field === 'destination' || field === 'asOf' || field === 'bases' ? 'where' : 'what';
}

/** Which cluster, where there are several; then three steps: what, where and when, review. */
export function BackupWizard({ clusters }: { clusters: readonly ClusterOverview[] }) {
  const trpc = useTRPC();
  const [draft, setDraft, forgetDraft] = useBackupDraft();
  const several = clusters.length > 1;
  const steps: readonly WizardStep[] = several ? STEPS_OF_SEVERAL : BACKUP_STEPS;
  const linked = useSearchParams().get('cluster');
  const [asked, go] = useStep<WizardStep>(steps, several && linked === null ? 'cluster' : 'what');
  const narrow = useMediaQuery('(max-width: 48em)');
  // A link to here may name the cluster; what was picked of another one is no part of it.
  const named = linked ?? draft.cluster;
  const chosen = several ? clusters.find(({ name }) => name === named) : clusters[0];
  const cluster = chosen ?? clusters[0];
  const own = draft.cluster === null || draft.cluster === cluster?.name;
  const picked = useMemo(() => pickedFromJson(own ? draft.picked : {}), [own, draft.picked]);
  const targets = useMemo(() => toTargets(picked), [picked]);
  const known = useQuery(trpc.backups.list.queryOptions());
  const taken = useMemo(() => new Set(known.data?.backups.map(({ url }) => url)), [known.data]);
  const bases = own ? draft.bases : null;
  const saved = useQuery(trpc.destinations.list.queryOptions()).data ?? NONE_SAVED;
  const storage = storageOf(draft.storage, saved);
  const base = baseOf(storage);
  const suggestion =
    base === null
      ? ''
      : suggestDestination(targets, new Date(draft.suggestedAt), taken, bases !== null, base);
  const step = chosen === undefined || asked === 'cluster' ? 'cluster' : picked.size === 0 ? 'what' : asked;
  const change = (part: Partial<BackupDraft>) => setDraft((before) => ({ ...before, ...part }));
  const onBases = useCallback(
    (next: string[] | null) => setDraft((before) => ({ ...before, bases: next })),
    [setDraft],
  );
  const name = cluster?.name ?? '';
  const destination = (draft.destination ?? suggestion).trim();
  const input = useMemo<BackupInput>(
    () => ({ cluster: name, targets, destination, asOf: draft.asOf, bases: (bases ?? []).map(openable) }),
    [name, targets, destination, draft.asOf, bases],
  );
  if (cluster === undefined) return null;
  return (
    <Stepper
      active={steps.indexOf(step)}
      onStepClick={(index) => go(steps[index] ?? 'what')}
      allowNextStepsSelect={false}
      size={narrow === true ? 'xs' : 'sm'}
      contentPadding="lg"
      wrap={false}
      {...(several && narrow === true ? TIGHT : {})}
      aria-label="Steps"
    >
      {several && (
        <Stepper.Step label="Cluster" description={narrow === true ? undefined : 'Which one'}>
          <ClusterStep
            clusters={clusters}
            value={chosen?.name ?? null}
            onChange={(next) => {
              change({ cluster: next, ...(next === draft.cluster ? {} : NOTHING_OF_ANOTHER) });
              go('cluster', { cluster: null });
            }}
            onContinue={() => go('what')}
          />
        </Stepper.Step>
      )}
      <Stepper.Step label="What" description={narrow === true ? undefined : 'Databases, tables, views'}>
        <WhatStep
          cluster={cluster}
          onAnotherCluster={several ? () => go('cluster') : null}
          picked={picked}
          onPicked={(next: Picked) =>
            change({
              ...(own ? {} : NOTHING_OF_ANOTHER),
              cluster: cluster.name,
              picked: pickedToJson(next),
              // The first tick begins a new backup, and the suggested name tells when that was.
              ...(picked.size === 0 ? { suggestedAt: new Date().toISOString() } : {}),
            })
          }
          onContinue={() => go('where')}
        />
      </Stepper.Step>
      <Stepper.Step label="Where" description={narrow === true ? undefined : 'Type, destination, moment'}>
        <WhereStep
          cluster={cluster}
          input={input}
          suggestion={suggestion}
          suggested={draft.destination === null}
          saved={saved}
          storage={storage}
          onStorage={(value, url) =>
            change({ storage: value, destination: url, suggestedAt: new Date().toISOString() })
          }
          onDestination={(destination) => change({ destination })}
          onSuggest={() => change({ destination: null, suggestedAt: new Date().toISOString() })}
          onAsOf={(asOf) => change({ asOf })}
          bases={bases}
          onBases={onBases}
          also={own && draft.also !== null ? openable(draft.also) : null}
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
