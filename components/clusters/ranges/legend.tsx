'use client';
import { UnstyledButton } from '@mantine/core';
import { formatBytes, formatPercent, plural } from '../../format.ts';
import type { Leaseholders, TableMap } from './leaseholders.ts';
import { Swatch } from './range-map.tsx';
import classes from './range-map.module.css';

/** The leaseholders of a map with what each serves; pressing one makes its ranges stand out. */
export function Legend({
  map,
  leaseholders,
  marked,
  onMark,
}: {
  map: TableMap;
  leaseholders: Leaseholders;
  marked: string | null;
  onMark: (node: string | null) => void;
}) {
  const order = new Map<string, number>(map.nodes.map(({ id }, place) => [id, place]));
  const entries = map.leaseholders.toSorted(
    (a, b) => (order.get(a.node) ?? map.nodes.length) - (order.get(b.node) ?? map.nodes.length),
  );
  return (
    <div className={classes.legend} role="group" aria-label="Leaseholders">
      {entries.map(({ node, ranges, bytes }) => (
        <UnstyledButton
          key={node}
          className={classes.entry}
          aria-pressed={marked === node}
          onClick={() => onMark(marked === node ? null : node)}
        >
          <Swatch color={leaseholders.color(node)} />
          <span style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
            {leaseholders.name(node)}
            <br />
            <span className={`${classes.figures} tabular`}>
              {plural(ranges, 'range')} · {formatBytes(bytes)} ·{' '}
              {formatPercent(map.total.ranges === 0 ? 0 : ranges / map.total.ranges)} of the ranges
            </span>
          </span>
        </UnstyledButton>
      ))}
    </div>
  );
}
