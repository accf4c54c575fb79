'use client';
import { Checkbox, Text, Tooltip } from '@mantine/core';
import { IconChevronRight, IconDatabase, IconFolder } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { ObjectKind } from '../../server/cluster/descriptor.ts';
import { formatBytes, formatCount } from '../format.ts';
import { KIND_WORD, KindIcon } from '../ui/kind.tsx';
import type { Tick, TreeRow } from './model.ts';
import classes from './object-tree.module.css';

/** Pixels; the style sheet's `--row-height` is the same. */
export const ROW_HEIGHT = 36;

interface TreeRowViewProps {
  row: TreeRow;
  index: number;
  /** Pixels from the top of the tree. */
  start: number;
  focusable: boolean;
  onFocus: () => void;
  onToggleExpanded: (row: TreeRow) => void;
  onToggleTick: (row: TreeRow) => void;
}

export function TreeRowView({
  row,
  index,
  start,
  focusable,
  onFocus,
  onToggleExpanded,
  onToggleTick,
}: TreeRowViewProps) {
  const branch = row.type === 'database' || row.type === 'schema';
  const reason = whyNot(row);
  const tick = row.type === 'note' ? undefined : row.tick;
  return (
    <div
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-description={describe(row)}
      aria-expanded={branch ? row.expanded : undefined}
      aria-checked={tick === undefined ? undefined : tick === 'mixed' ? 'mixed' : tick === 'on'}
      aria-disabled={reason !== null || row.type === 'note' || undefined}
      tabIndex={focusable ? 0 : -1}
      data-index={index}
      data-type={row.type}
      className={classes.row}
      style={{ transform: `translateY(${start}px)` }}
      onFocus={onFocus}
      onClick={() => (branch ? onToggleExpanded(row) : onToggleTick(row))}
    >
      <span className={classes.name} style={{ paddingInlineStart: `calc(${row.level - 1} * var(--indent))` }}>
        {branch ? (
          <IconChevronRight size={16} aria-hidden className={classes.chevron} data-open={row.expanded} />
        ) : (
          <span className={classes.noChevron} />
        )}
        {tick !== undefined && (
          <TickBox tick={tick} disabled={reason !== null} onToggle={() => onToggleTick(row)} />
        )}
        <RowIcon row={row} />
        <Text
          span
          size="sm"
          truncate
          className={classes.label}
          c={row.type === 'note' ? (row.failed ? 'red' : 'dimmed') : undefined}
          fw={row.type === 'database' ? 600 : undefined}
        >
          {row.label}
        </Text>
        {reason !== null && (
          <Tooltip label={reason} multiline maw={360}>
            <Text span size="xs" c="dimmed" truncate className={classes.reason} aria-hidden>
              {reason}
            </Text>
          </Tooltip>
        )}
      </span>
      <Figures row={row} />
    </div>
  );
}

/** The box is drawn only: the row itself carries the state, and a click here must not open the branch. */
function TickBox({ tick, disabled, onToggle }: { tick: Tick; disabled: boolean; onToggle: () => void }) {
  return (
    <span
      className={classes.tick}
      data-part="tick"
      data-disabled={disabled || undefined}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <Checkbox.Indicator
        aria-hidden
        role="presentation"
        size="xs"
        radius="sm"
        checked={tick === 'on'}
        indeterminate={tick === 'mixed'}
        disabled={disabled}
      />
    </span>
  );
}

function RowIcon({ row }: { row: TreeRow }): ReactNode {
  if (row.type === 'database') return <IconDatabase size={16} aria-hidden className={classes.icon} />;
  if (row.type === 'schema') return <IconFolder size={16} aria-hidden className={classes.icon} />;
  if (row.type === 'object') return <KindIcon kind={row.object.kind} className={classes.icon} />;
  return null;
}

function Figures({ row }: { row: TreeRow }) {
  const rows = row.type === 'object' ? row.object.rows : null;
  const exact = row.type === 'object' && row.object.exact;
  const bytes =
    row.type === 'object' ? row.object.bytes : row.type === 'database' ? row.database.bytes : null;
  const shape: ObjectKind | null = row.type === 'object' ? row.object.kind : null;
  const meaningless = shape !== null && shape !== 'table' && shape !== 'materialized-view';
  return (
    <>
      <span className={classes.rowsColumn} aria-hidden>
        {rows !== null ? `${exact ? '' : '≈ '}${formatCount(rows)}` : meaningless ? KIND_WORD[shape] : ''}
      </span>
      <span className={classes.bytesColumn} aria-hidden>
        {bytes !== null && !meaningless && (
          <Tooltip label={`${formatCount(bytes)} bytes`}>
            <span>{formatBytes(bytes)}</span>
          </Tooltip>
        )}
      </span>
    </>
  );
}

/** Why a row can't be ticked; null when it can. */
export function whyNot(row: TreeRow): string | null {
  if (row.type === 'object') {
    return (
      row.object.unsupported ?? (row.object.comesWith === null ? null : `comes with ${row.object.comesWith}`)
    );
  }
  const loaded =
    row.type === 'schema' || (row.type === 'database' && row.database.content.status === 'loaded');
  return loaded && row.keys.length === 0 ? 'nothing in it can be chosen' : null;
}

function describe(row: TreeRow): string | undefined {
  if (row.type === 'note') return undefined;
  const parts: string[] = [row.type === 'object' ? KIND_WORD[row.object.kind] : row.type];
  if (row.type === 'object' && row.object.rows !== null)
    parts.push(`${row.object.exact ? '' : 'about '}${formatCount(row.object.rows)} rows`);
  if (row.type === 'object' && row.object.bytes !== null) parts.push(formatBytes(row.object.bytes));
  if (row.type === 'database' && row.database.bytes !== null) parts.push(formatBytes(row.database.bytes));
  const reason = whyNot(row);
  if (reason !== null) parts.push(reason);
  return parts.join(', ');
}
