'use client';
import { CloseButton, Group, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { plural } from '../format.ts';
import type { Picked } from '../selection/picked.ts';
import type { AppError } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import type { TreeDatabase, TreeRow } from './model.ts';
import { databaseRowId, flattenTree, toggleRow } from './model.ts';
import { ObjectTree } from './object-tree.tsx';
import { whyNot } from './tree-row.tsx';
import type { TreeViewState } from './use-tree-view.ts';
import { Loading } from '../ui/loading.tsx';

interface TreePanelProps {
  label: string;
  databases: readonly TreeDatabase[];
  picked: Picked;
  onPicked: (picked: Picked) => void;
  /** `database:key` of what comes along with what is ticked. */
  carried?: ReadonlySet<string>;
  view: TreeViewState;
  loading: boolean;
  error: AppError | null;
  onRetry: () => void;
  /** Whether there are system databases that can be shown. */
  offerSystem?: boolean;
}

/** The tree with its search field. */
export function TreePanel(props: TreePanelProps) {
  const { label, databases, picked, onPicked, carried, view, loading, error, onRetry, offerSystem } = props;
  const first = databases[0] === undefined ? null : databaseRowId(databases[0].name);
  const filtered = view.appliedFilter.trim() !== '';
  const { rows, shown, total } = flattenTree(
    databases,
    picked,
    { has: (id) => view.isOpen(id, id === first) },
    view.appliedFilter,
    carried,
  );

  function onToggleTick(row: TreeRow) {
    if (whyNot(row) === null) onPicked(toggleRow(picked, row, databases, filtered));
  }

  function onToggleExpanded(row: TreeRow) {
    // While a filter is set, everything with a hit is open.
    if (!filtered) view.toggleOpen(row.id);
  }

  if (error !== null) return <ErrorAlert error={error} onRetry={onRetry} />;
  return (
    <Stack gap="xs">
      <Group gap="md" wrap="wrap">
        <TextInput
          aria-label="Filter"
          placeholder="Filter by name"
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            view.filter === '' ? null : (
              <CloseButton size="sm" aria-label="Clear the filter" onClick={() => view.setFilter('')} />
            )
          }
          value={view.filter}
          onChange={(event) => view.setFilter(event.currentTarget.value)}
          style={{ flex: '1 1 220px' }}
        />
        {offerSystem === true && (
          <Switch
            label="System databases"
            checked={view.showSystem}
            onChange={(event) => view.setShowSystem(event.currentTarget.checked)}
          />
        )}
      </Group>
      {loading ? (
        <Loading h="calc(clamp(280px, 52vh, 620px) + 36px)" label="Loading" />
      ) : (
        <ObjectTree
          label={label}
          rows={rows}
          empty={filtered ? 'Nothing matches the filter.' : 'There are no databases.'}
          onToggleExpanded={onToggleExpanded}
          onToggleTick={onToggleTick}
        />
      )}
      <Text size="xs" c="dimmed" role="status" mih={18}>
        {filtered
          ? `Showing ${plural(shown, 'object')} of ${plural(total, 'object')}. A tick on a database or schema takes only what is shown.`
          : ''}
      </Text>
    </Stack>
  );
}
