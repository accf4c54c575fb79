'use client';
import { Button, Card, Checkbox, Group, Stack, Text, Title } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import type {
  BackupSummary,
  ChainLayer,
  MissingDependency,
  RestorePlan,
} from '../../server/backup/selection.ts';
import type { DependencyKind } from '../../server/cluster/descriptor.ts';
import { quoteIdent } from '../../server/cluster/names.ts';
import type { ObjectName } from '../../server/cluster/names.ts';
import { MissingAlert } from '../selection/missing-alert.tsx';
import type { Picked } from '../selection/picked.ts';
import { objectKey, pickObjects } from '../selection/picked.ts';
import { SelectionSummary } from '../selection/selection-summary.tsx';
import type { TreeDatabase } from '../tree/model.ts';
import { selectableKeys } from '../tree/model.ts';
import { TreePanel } from '../tree/tree-panel.tsx';
import { useTreeView } from '../tree/use-tree-view.ts';
import type { AppError } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { Fact, Facts } from '../ui/fact.tsx';
import { Moment } from '../ui/figures.tsx';
import { ProblemAlerts } from '../ui/problem-alerts.tsx';
import { TwoColumns } from '../ui/two-columns.tsx';
import { ChainChoice } from './chain-choice.tsx';
import type { RestoreDraft } from './draft.ts';

interface RestoreWhatProps {
  backup: BackupSummary;
  layers: ChainLayer[] | undefined;
  /** The URL of the layer that was chosen to restore as of. */
  layer: string;
  onLayer: (url: string) => void;
  tree: TreeDatabase[];
  picked: Picked;
  draft: RestoreDraft;
  plan: RestorePlan | undefined;
  busy: boolean;
  error: AppError | null;
  onPicked: (picked: Picked) => void;
  onDraft: (part: Partial<RestoreDraft>) => void;
  onContinue: () => void;
}

export function RestoreWhat(props: RestoreWhatProps) {
  const {
    backup,
    layers,
    layer,
    onLayer,
    tree,
    picked,
    draft,
    plan,
    busy,
    error,
    onPicked,
    onDraft,
    onContinue,
  } = props;
  const view = useTreeView();
  const chain = layers !== undefined && layers.length > 1 ? layers : null;
  const missing = picked.size === 0 ? [] : (plan?.missing ?? []);
  const unreadable = (plan?.problems ?? []).filter(({ field }) => field === 'source');
  const held = new Set(backup.objects.map(({ name }) => name.database + objectKey(name)));

  function add(names: readonly ObjectName[]) {
    let next = picked;
    for (const name of names) {
      const database = tree.find((each) => each.name === name.database);
      if (database === undefined) continue;
      next = pickObjects(next, name.database, [objectKey(name)], true, selectableKeys(database));
    }
    onPicked(next);
  }

  return (
    <Stack gap="lg">
      {chain !== null && (
        <ChainChoice layers={chain} value={layer} onChange={onLayer} cluster={backup.cluster.name} />
      )}
      <TwoColumns
        main={
          <TreePanel
            label="Objects of the backup"
            databases={tree}
            picked={picked}
            onPicked={onPicked}
            view={view}
            loading={false}
            error={null}
            onRetry={() => undefined}
          />
        }
        side={
          <>
            {error !== null && picked.size > 0 && <ErrorAlert error={error} />}
            <ProblemAlerts problems={unreadable} whereToMend={() => null} />
            <MissingAlert
              missing={missing}
              canAdd={({ dependency: { on } }) => held.has(on.database + objectKey(on))}
              onAdd={(name) => add([name])}
              onAddAll={add}
            />
            <SkipOptions missing={missing} draft={draft} onDraft={onDraft} />
            {chain === null && (
              <Card component="section" aria-label="Backup" padding="md">
                <Stack gap="xs">
                  <Title order={2}>Backup</Title>
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {backup.url}
                  </Text>
                  <Facts labelWidth="110px">
                    <Fact label="As of">
                      <Moment at={backup.moment} />
                    </Fact>
                    <Fact label="Cluster">{backup.cluster.name}</Fact>
                  </Facts>
                </Stack>
              </Card>
            )}
            <SelectionSummary
              picked={picked}
              totals={picked.size > 0 && plan !== undefined ? plan.totals : null}
              objects={[]}
              exact
              wholeDatabase={(database) =>
                backup.databases.includes(database)
                  ? `Database ${quoteIdent(database)}`
                  : `Everything of ${quoteIdent(database)} in the backup`
              }
              busy={picked.size > 0 && busy && plan === undefined}
              onClear={() => onPicked(new Map())}
            />
          </>
        }
      />
      <Group justify="flex-end">
        <Button
          rightSection={<IconArrowRight size={16} aria-hidden />}
          disabled={picked.size === 0 || unreadable.length > 0}
          onClick={onContinue}
        >
          Continue
        </Button>
      </Group>
    </Stack>
  );
}

const SKIPS: {
  option: 'skipMissingForeignKeys' | 'skipMissingSequences' | 'skipMissingViews';
  kind: DependencyKind;
  label: string;
  word: string;
}[] = [
  {
    option: 'skipMissingForeignKeys',
    kind: 'foreign-key',
    label: 'Restore without foreign keys to missing tables',
    word: 'skip_missing_foreign_keys',
  },
  {
    option: 'skipMissingSequences',
    kind: 'sequence',
    label: 'Restore without defaults from missing sequences',
    word: 'skip_missing_sequences',
  },
  {
    option: 'skipMissingViews',
    kind: 'view',
    label: 'Leave out views of missing tables',
    word: 'skip_missing_views',
  },
];

/** The options that do without what is missing: only those that change something here. */
function SkipOptions({
  missing,
  draft,
  onDraft,
}: {
  missing: readonly MissingDependency[];
  draft: RestoreDraft;
  onDraft: (part: Partial<RestoreDraft>) => void;
}) {
  const shown = SKIPS.filter(
    ({ option, kind }) => draft[option] || missing.some(({ dependency }) => dependency.kind === kind),
  );
  if (shown.length === 0) return null;
  return (
    <Card component="section" aria-label="Do without" padding="md">
      <Stack gap="sm">
        <Title order={2}>Or do without</Title>
        {shown.map(({ option, label, word }) => (
          <Checkbox
            key={option}
            label={label}
            description={word}
            checked={draft[option]}
            onChange={(event) => onDraft({ [option]: event.currentTarget.checked })}
          />
        ))}
      </Stack>
    </Card>
  );
}
