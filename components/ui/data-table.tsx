'use client';
import { Table, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconArrowsSort } from '@tabler/icons-react';
import {
  createColumnHelper,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  sortFn_text,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import type { RowData, SortingState, TableOptions } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import classes from './data-table.module.css';

/** What a column says of its looks, in its `meta`. */
export interface ColumnLooks {
  align?: 'right';
  /** Any CSS width; the rest is shared out. */
  width?: string;
  /** Left out on narrow screens, where a row is a block: its first cell on top, the others below with their headers. */
  wideOnly?: boolean;
  /** On narrow screens, a line of its own. */
  ownLine?: boolean;
}

/** For its type alone. */
const noLooks: ColumnLooks = {};

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic, text: sortFn_text },
  columnMeta: noLooks,
});
type Features = typeof features;

export type Columns<Row extends RowData> = TableOptions<Features, Row>['columns'];

/** Makes columns for DataTable. */
export function columnsFor<Row extends RowData>() {
  return createColumnHelper<Features, Row>();
}

/** From this many rows on only those in view exist. */
const VIRTUAL_FROM = 60;

interface DataTableProps<Row extends RowData> {
  label: string;
  columns: Columns<Row>;
  data: readonly Row[];
  rowId: (row: Row) => string;
  initialSort?: SortingState;
  sortable?: boolean;
  /** Pixels; rows of a long table are about this high. */
  rowHeight?: number;
  minWidth?: number;
}

/**
 * A table that can be sorted and stays quick with any number of rows. Its roles are named: laid out as blocks, its elements
 * would lose them.
 */
export function DataTable<Row extends RowData>({
  label,
  columns,
  data,
  rowId,
  initialSort = [],
  sortable = true,
  rowHeight = 41,
  minWidth = 560,
}: DataTableProps<Row>) {
  const scroller = useRef<HTMLDivElement>(null);
  const table = useTable({
    features,
    columns,
    data: data,
    getRowId: rowId,
    enableSorting: sortable,
    initialState: { sorting: initialSort },
  });
  const rows = table.getRowModel().rows;
  const virtual = rows.length >= VIRTUAL_FROM;
  const virtualizer = useVirtualizer({
    count: rows.length,
    enabled: virtual,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 10,
  });
  const items = virtualizer.getVirtualItems();
  const shown = virtual
    ? items.flatMap((item) => {
        const row = rows[item.index];
        return row === undefined ? [] : [{ row, index: item.index }];
      })
    : rows.map((row, index) => ({ row, index }));
  const before = virtual ? (items[0]?.start ?? 0) : 0;
  const after = virtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const width = table.getAllLeafColumns().length;

  return (
    <div
      ref={scroller}
      className={classes.scroller}
      data-virtual={virtual || undefined}
      tabIndex={0}
      role="region"
      aria-label={`${label}, scrollable`}
    >
      <Table
        role="table"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        className={classes.table}
        data-sortable={sortable || undefined}
        stickyHeader={virtual}
        style={{ '--table-min-width': `${minWidth}px` }}
      >
        <Table.Thead role="rowgroup">
          {table.getHeaderGroups().map((group) => (
            <Table.Tr key={group.id} role="row" aria-rowindex={1}>
              {group.headers.map((header) => {
                const looks = header.column.columnDef.meta;
                const sorted = header.column.getIsSorted();
                return (
                  <Table.Th
                    key={header.id}
                    role="columnheader"
                    scope="col"
                    style={{ width: looks?.width }}
                    data-align={looks?.align}
                    data-wide-only={looks?.wideOnly}
                    aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}
                  >
                    {header.column.getCanSort() ? (
                      <UnstyledButton
                        className={classes.sort}
                        onClick={header.column.getToggleSortingHandler()}
                      >
                        <table.FlexRender header={header} />
                        {sorted === 'asc' ? (
                          <IconArrowUp size={14} aria-hidden />
                        ) : sorted === 'desc' ? (
                          <IconArrowDown size={14} aria-hidden />
                        ) : (
                          <IconArrowsSort size={14} aria-hidden className={classes.unsorted} />
                        )}
                      </UnstyledButton>
                    ) : (
                      <table.FlexRender header={header} />
                    )}
                  </Table.Th>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Thead>
        <Table.Tbody role="rowgroup">
          {before > 0 && <Spacer height={before} width={width} />}
          {shown.map(({ row, index }) => (
            <Table.Tr
              key={row.id}
              role="row"
              data-index={index}
              aria-rowindex={index + 2}
              ref={virtual ? virtualizer.measureElement : undefined}
            >
              {row.getAllCells().map((cell) => {
                const { meta: looks, header } = cell.column.columnDef;
                return (
                  <Table.Td
                    key={cell.id}
                    role="cell"
                    data-align={looks?.align}
                    data-wide-only={looks?.wideOnly}
                    data-own-line={looks?.ownLine}
                    data-header={typeof header === 'string' ? header : undefined}
                  >
                    <table.FlexRender cell={cell} />
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
          {after > 0 && <Spacer height={after} width={width} />}
        </Table.Tbody>
      </Table>
    </div>
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
