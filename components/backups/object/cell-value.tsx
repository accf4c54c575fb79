'use client';
import { UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { Cell } from '../../../server/format/copy-cells.ts';
import classes from './rows-grid.module.css';

/** A longer one, or one of several lines, isn't all to be seen in the grid. */
const FITS = 80;

/** The value as it is shown in full; NULL has none. */
export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : (cell?.shown ?? '');
}

/** A value in the grid. NULL and an empty text are words of their own looks: the text `NULL` looks like any other. */
export function CellValue({ cell, onWhole }: { cell: Cell; onWhole: () => void }) {
  if (cell === null) return <span className={classes.none}>NULL</span>;
  if (cell === '') return <span className={classes.none}>empty</span>;
  const text = textOf(cell);
  const cut = typeof cell === 'object';
  if (!cut && text.length <= FITS && !text.includes('\n')) return <bdi className={classes.value}>{text}</bdi>;
  return (
    <UnstyledButton className={classes.open} onClick={onWhole}>
      <bdi className={classes.value}>{text.slice(0, 3 * FITS)}</bdi>
      {cut && <span className={classes.mark}>{cell.as === 'hex' ? 'no text' : 'cut'}</span>}
      <VisuallyHidden> (open)</VisuallyHidden>
    </UnstyledButton>
  );
}
