'use client';
import { Modal, Stack, Text } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { Cell } from '../../../server/format/copy-cells.ts';
import { formatCount } from '../../format.ts';
import { CopyableCode } from '../../ui/copyable-code.tsx';
import { CellValue, textOf } from './cell-value.tsx';
import { columnWidths } from './column-widths.ts';
import classes from './rows-grid.module.css';

interface GridColumn {
  name: string;
  type: string | null;
}

/** The first rows of a file. It scrolls inside itself, both ways; only rows in view exist. */
export function RowsGrid({
  label,
  columns,
  rows,
  busy,
}: {
  label: string;
  columns: readonly GridColumn[];
  rows: readonly Cell[][];
  /** Others are on their way. */
  busy: boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const widths = useMemo(() => columnWidths(columns, rows), [columns, rows]);
  const [whole, setWhole] = useState<{ row: number; column: number } | null>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 30,
    overscan: 8,
  });
  const items = virtualizer.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  const wholeColumn = whole === null ? undefined : columns[whole.column];
  const wholeCell = whole === null ? undefined : rows[whole.row]?.[whole.column];
  return (
    <>
      <div
        ref={scroller}
        className={classes.scroller}
        tabIndex={0}
        role="region"
        aria-label={`${label}, scrollable`}
        aria-busy={busy}
      >
        <table
          className={classes.grid}
          aria-label={label}
          aria-rowcount={rows.length + 1}
          style={{ width: `calc(${widths.reduce((sum, width) => sum + width, 0)}ch + var(--number-width))` }}
        >
          <colgroup>
            <col style={{ width: 'var(--number-width)' }} />
            {widths.map((width, index) => (
              <col key={index} style={{ width: `${width}ch` }} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              <th scope="col" className={classes.number}>
                #
              </th>
              {columns.map(({ name, type }, index) => (
                <th key={index} scope="col" title={type === null ? name : `${name} ${type}`}>
                  <span className={classes.name}>{name}</span>
                  <span className={classes.type}>{type}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {before > 0 && <Spacer height={before} width={columns.length + 1} />}
            {items.map(({ index }) => (
              <tr key={index} ref={virtualizer.measureElement} data-index={index} aria-rowindex={index + 2}>
                <th scope="row" className={classes.number}>
                  {index + 1}
                </th>
                {rows[index]?.map((cell, place) => (
                  <td key={place}>
                    <CellValue cell={cell} onWhole={() => setWhole({ row: index, column: place })} />
                  </td>
                ))}
              </tr>
            ))}
            {after > 0 && <Spacer height={after} width={columns.length + 1} />}
          </tbody>
        </table>
      </div>
      <Modal
        opened={whole !== null}
        onClose={() => setWhole(null)}
        size="lg"
        title={`${wholeColumn?.name ?? ''}, row ${(whole?.row ?? 0) + 1}`}
      >
        {wholeCell !== undefined && <WholeValue cell={wholeCell} />}
      </Modal>
    </>
  );
}

function WholeValue({ cell }: { cell: Cell }) {
  const partial = typeof cell === 'object' ? cell : null;
  return (
    <Stack gap="sm">
      {partial?.as === 'hex' && <Text size="sm">This value is no UTF-8: its bytes are shown in hex.</Text>}
      {partial?.cut === true && (
        <Text size="sm">
          Only the beginning is shown: all of it is {formatCount(partial.bytes)} bytes of COPY text.
        </Text>
      )}
      <CopyableCode value={textOf(cell)} label="Value" tall />
    </Stack>
  );
}

/** Holds the place of the rows that are out of view. */
function Spacer({ height, width }: { height: number; width: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={width} style={{ height, padding: 0 }} />
    </tr>
  );
}
