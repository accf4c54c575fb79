'use client';
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconAlertTriangle, IconArrowRight } from '@tabler/icons-react';
import { keepPreviousData, skipToken, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { ObjectName } from '../../server/cluster/names.ts';
import { withDependencies } from '../selection/catalog.ts';
import { MissingAlert } from '../selection/missing-alert.tsx';
import type { Picked } from '../selection/picked.ts';
import { objectKey, pickObjects, toTargets } from '../selection/picked.ts';
import { SelectionSummary } from '../selection/selection-summary.tsx';
import { TwoColumns } from '../ui/two-columns.tsx';
import { canBeWhole, selectableKeys } from '../tree/model.ts';
import { TreePanel } from '../tree/tree-panel.tsx';
import { useClusterTree } from '../tree/use-cluster-tree.ts';
import { useSpelledOut } from '../tree/use-spelled-out.ts';
import { useTreeView } from '../tree/use-tree-view.ts';
import { hashOnce } from '../query-hash.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert, fieldMessage } from '../ui/errors.tsx';
import type { ClusterOverview } from './backup-wizard.tsx';

interface WhatStepProps {
  cluster: ClusterOverview;
  /** Back to the choice of the cluster; null where there is only one. */
  onAnotherCluster: (() => void) | null;
  picked: Picked;
  onPicked: (picked: Picked) => void;
  onContinue: () => void;
}

/** Problems that are listed; where there are more, mending these is the way to the others. */
const PROBLEMS_SHOWN = 5;

export function WhatStep({ cluster, onAnotherCluster, picked: ticked, onPicked, onContinue }: WhatStepProps) {
  const trpc = useTRPC();
  const view = useTreeView();
  const { databases, tree, objects, hasSystem } = useClusterTree(
    cluster.name,
    (database, first) => view.wants(database, first) || ticked.has(database),
    view.showSystem,
  );
  const picked = useSpelledOut(ticked, tree);

  const [settled] = useDebouncedValue(picked, 150);
  const input = useMemo(
    () => (settled.size === 0 ? skipToken : { cluster: cluster.name, targets: toTargets(settled) }),
    [settled, cluster.name],
  );
  const check = useQuery(
    trpc.backups.check.queryOptions(input, {
      placeholderData: keepPreviousData,
      staleTime: 30_000,
      structuralSharing: false,
      queryKeyHashFn: hashOnce,
    }),
  );
  const selection = picked.size === 0 ? undefined : check.data;
  const current = settled === picked && !check.isPlaceholderData && check.isSuccess;
  const carried = useMemo(
    () =>
      new Set(
        (selection?.objects ?? [])
          .filter((object) => object.reason === 'carried')
          .map((object) => `${object.name.database}:${objectKey(object.name)}`),
      ),
    [selection],
  );

  function add(names: readonly ObjectName[]) {
    let next = picked;
    for (const name of names) {
      const database = tree.find((each) => each.name === name.database);
      const selectable = database === undefined ? [] : selectableKeys(database);
      const whole = database !== undefined && canBeWhole(database);
      next = pickObjects(next, name.database, [objectKey(name)], true, selectable, whole);
    }
    onPicked(next);
  }

  const problems = selection?.problems ?? [];
  return (
    <Stack gap="lg">
      <TwoColumns
        main={
          <Stack gap="md">
            {onAnotherCluster !== null && (
              <Group gap="sm">
                <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                  From cluster <b>{cluster.name}</b>
                </Text>
                <Button variant="default" size="compact-xs" onClick={onAnotherCluster}>
                  Another cluster
                </Button>
              </Group>
            )}
            <TreePanel
              label={`Databases of ${cluster.name}`}
              databases={tree}
              picked={picked}
              onPicked={onPicked}
              carried={carried}
              view={view}
              loading={databases.isPending}
              error={databases.data === undefined ? databases.error : null}
              onRetry={() => void databases.refetch()}
              offerSystem={hasSystem}
            />
          </Stack>
        }
        side={
          <>
            {problems.slice(0, PROBLEMS_SHOWN).map((problem) => (
              <Alert key={problem.message} color="red" role="alert" icon={<IconAlertTriangle />}>
                {fieldMessage(problem)}
              </Alert>
            ))}
            {check.error !== null && picked.size > 0 && (
              <ErrorAlert error={check.error} onRetry={() => void check.refetch()} />
            )}
            <MissingAlert
              missing={selection?.missing ?? []}
              canAdd={(missing) => missing.dependsOnKind !== null}
              onAdd={(name) => add([name])}
              onAddAll={(names) => add(withDependencies(names, objects))}
            />
            <SelectionSummary
              picked={picked}
              totals={selection?.totals ?? null}
              objects={selection?.objects ?? []}
              busy={picked.size > 0 && !current}
              onClear={() => onPicked(new Map())}
            />
          </>
        }
      />
      <Group justify="flex-end">
        <Button
          rightSection={<IconArrowRight size={16} aria-hidden />}
          disabled={picked.size === 0 || !current || problems.length > 0}
          onClick={() => {
            onPicked(picked);
            onContinue();
          }}
        >
          Continue
        </Button>
      </Group>
    </Stack>
  );
}
