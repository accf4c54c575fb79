'use client';
import { Text, VisuallyHidden } from '@mantine/core';
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import type { Range } from '@tanstack/react-virtual';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { TreeRow } from './model.ts';
import { moveTo } from './keyboard.ts';
import classes from './object-tree.module.css';
import { ROW_HEIGHT, TreeRowView } from './tree-row.tsx';

interface ObjectTreeProps {
  /** The tree's accessible name. */
  label: string;
  rows: readonly TreeRow[];
  /** What stands in the tree's place when there are no rows. */
  empty: string;
  onToggleExpanded: (row: TreeRow) => void;
  onToggleTick: (row: TreeRow) => void;
}

/**
 * Databases, schemas and objects with ticks, by mouse and by keyboard as the ARIA tree pattern has it: arrows move,
 * open and close, Space ticks, Enter opens a branch or ticks an object, letters jump. Only the rows in view exist.
 */
export function ObjectTree({ label, rows, empty, onToggleExpanded, onToggleTick }: ObjectTreeProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useState<string | null>(null);
  const focusNext = useRef(false);
  const activeIndex = Math.max(
    0,
    rows.findIndex((row) => row.id === activeId),
  );

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 12,
    // The row that has the focus must not be scrolled out of existence.
    rangeExtractor: useCallback(
      (range: Range) => [...new Set([...defaultRangeExtractor(range), activeIndex])].sort((a, b) => a - b),
      [activeIndex],
    ),
  });

  useEffect(() => {
    if (!focusNext.current) return;
    focusNext.current = false;
    scroller.current
      ?.querySelector<HTMLElement>(`[data-index="${activeIndex}"]`)
      ?.focus({ preventScroll: true });
  }, [activeIndex, activeId]);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    const row = rows[activeIndex];
    if (row === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === ' ') onToggleTick(row);
    else if (event.key === 'Enter') (row.type === 'object' ? onToggleTick : onToggleExpanded)(row);
    else {
      const move = moveTo(rows, activeIndex, event.key);
      if (move === null) return;
      if (move.toggle) onToggleExpanded(row);
      const target = rows[move.index];
      if (target !== undefined && move.index !== activeIndex) {
        focusNext.current = true;
        setActiveId(target.id);
        virtualizer.scrollToIndex(move.index, { align: 'auto' });
      }
    }
    event.preventDefault();
  }

  return (
    <div className={classes.frame}>
      <div className={classes.head} aria-hidden>
        <span>Name</span>
        <span className={classes.rowsColumn}>Rows</span>
        <span className={classes.bytesColumn}>Size</span>
      </div>
      <div ref={scroller} className={classes.scroller}>
        {rows.length === 0 ? (
          <Text c="dimmed" size="sm" p="md" role="status">
            {empty}
          </Text>
        ) : (
          <div
            role="tree"
            aria-label={label}
            aria-multiselectable
            className={classes.rows}
            style={{ height: virtualizer.getTotalSize() }}
            onKeyDown={onKeyDown}
          >
            {virtualizer.getVirtualItems().map((item) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              return (
                <TreeRowView
                  key={row.id}
                  row={row}
                  index={item.index}
                  start={item.start}
                  focusable={item.index === activeIndex}
                  onFocus={() => setActiveId(row.id)}
                  onToggleExpanded={onToggleExpanded}
                  onToggleTick={onToggleTick}
                />
              );
            })}
          </div>
        )}
      </div>
      <VisuallyHidden>
        Arrow keys move, open and close; Space ticks; Enter opens a branch or ticks an object.
      </VisuallyHidden>
    </div>
  );
}
