'use client';
import { Group, Stack, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { memo, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent } from 'react';
import { printName } from '../../../server/cluster/names.ts';
import { formatBytes, formatCount, plural } from '../../format.ts';
import { layOut, linesFor, rangeAt, rangeBeside } from './layout.ts';
import type { Piece } from './layout.ts';
import classes from './range-map.module.css';
import type { Leaseholders, TableMap } from './leaseholders.ts';

/** Pixels of a line, and what is free between two. */
const LINE = 30;
const GAP = 6;
/** Where there are more ranges than are told, what is left has this part of the map at most. */
const REST_SHARE = 0.12;
/** From this many ranges a line on, what is free between two would wash their colours out. */
const DENSE = 60;
/** How far Page Up and Page Down go. */
const LEAP = 10;

interface RangeMapProps {
  map: TableMap;
  leaseholders: Leaseholders;
  /** The node whose ranges stand out; null for all. */
  marked: string | null;
}

/**
 * A table's ranges in key order, as wide as they are large, in the colour of their leaseholder. One is the current one:
 * pointed at, or stepped to with the arrow keys; what it is stands below.
 */
export function RangeMap({ map, leaseholders, marked }: RangeMapProps) {
  const narrow = useMediaQuery('(max-width: 48em)') === true;
  const [asked, setAsked] = useState(0);
  const root = useRef<HTMLDivElement>(null);
  const sizes = useMemo(() => {
    const own = map.ranges.map(({ bytes }) => bytes);
    if (map.rest === null) return own;
    const told = own.reduce((sum, bytes) => sum + bytes, 0);
    return [...own, Math.min(map.rest.bytes, told * REST_SHARE)];
  }, [map]);
  const lines = linesFor(sizes.length, narrow);
  const pieces = useMemo(() => layOut(sizes, lines), [sizes, lines]);
  const current = Math.min(asked, sizes.length - 1);
  const height = lines * LINE + (lines - 1) * GAP;

  function onPointer(event: PointerEvent) {
    const box = root.current?.getBoundingClientRect();
    if (box === undefined) return;
    const line = Math.floor((event.clientY - box.top) / (LINE + GAP));
    const found = rangeAt(pieces, line, (event.clientX - box.left) / box.width);
    if (found !== null) setAsked(found);
  }

  function onKeyDown(event: KeyboardEvent) {
    const to = stepTo(event.key, current, sizes.length, pieces);
    if (to === null) return;
    event.preventDefault();
    setAsked(Math.max(0, Math.min(sizes.length - 1, to)));
  }

  const text = textOf(map, current, leaseholders);
  return (
    <Stack gap="xs">
      <div
        ref={root}
        className={classes.map}
        role="slider"
        tabIndex={0}
        aria-label={`Ranges of ${printName(map.table)}, in key order`}
        aria-valuemin={1}
        aria-valuemax={sizes.length}
        aria-valuenow={current + 1}
        aria-valuetext={text}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onKeyDown={onKeyDown}
      >
        <svg
          viewBox={`0 0 1000 ${height}`}
          height={height}
          preserveAspectRatio="none"
          data-dense={pieces.length / lines > DENSE || undefined}
          aria-hidden
        >
          <defs>
            <pattern id="range-map-rest" width="6" height="6" patternUnits="userSpaceOnUse">
              <path d="M0 6 6 0" stroke="var(--mantine-color-dimmed)" strokeWidth="1.5" />
            </pattern>
          </defs>
          <Pieces pieces={pieces} map={map} leaseholders={leaseholders} marked={marked} />
          {pieces
            .filter((piece) => piece.range === current)
            .map((piece) => (
              <rect key={piece.line} {...boxOf(piece)} className={classes.current} />
            ))}
        </svg>
      </div>
      <Group gap="sm" wrap="nowrap" mih={24} data-testid="range-detail">
        <Swatch color={leaseholders.color(map.ranges[current]?.leaseholder)} />
        <Text size="sm" className="tabular">
          {text}
        </Text>
      </Group>
    </Stack>
  );
}

/** All pieces; drawn anew only when they change, not with every step of the current one. */
const Pieces = memo(function Pieces({
  pieces,
  map,
  leaseholders,
  marked,
}: RangeMapProps & { pieces: Piece[] }) {
  return pieces.map((piece) => {
    const node = map.ranges[piece.range]?.leaseholder;
    return (
      <rect
        key={`${piece.range} ${piece.line}`}
        {...boxOf(piece)}
        fill={leaseholders.color(node) ?? 'url(#range-map-rest)'}
        className={marked === null || marked === node ? classes.piece : `${classes.piece} ${classes.faded}`}
      />
    );
  });
});

/** A leaseholder's colour; hatched for what has none. */
export function Swatch({ color }: { color: string | null }) {
  return (
    <span
      className={color === null ? `${classes.swatch} ${classes.rest}` : classes.swatch}
      style={color === null ? undefined : { background: color }}
      aria-hidden
    />
  );
}

function boxOf({ line, x, width }: Piece) {
  return { x: x * 1000, y: line * (LINE + GAP), width: width * 1000, height: LINE };
}

/** Where a key leads from the current range; null for a key that leads nowhere. */
function stepTo(key: string, current: number, count: number, pieces: Piece[]): number | null {
  switch (key) {
    case 'ArrowLeft':
      return current - 1;
    case 'ArrowRight':
      return current + 1;
    case 'ArrowUp':
      return rangeBeside(pieces, current, -1);
    case 'ArrowDown':
      return rangeBeside(pieces, current, 1);
    case 'PageUp':
      return current - LEAP;
    case 'PageDown':
      return current + LEAP;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

function textOf({ ranges, rest, total }: TableMap, index: number, leaseholders: Leaseholders): string {
  const range = ranges[index];
  if (range !== undefined) {
    const place = `Range ${formatCount(index + 1)} of ${formatCount(total.ranges)}`;
    return `${place}: ${leaseholders.name(range.leaseholder)}, ${formatBytes(range.bytes)}, ≈ ${plural(range.rows, 'row')}`;
  }
  if (rest === null) return '';
  return `${plural(rest.ranges, 'further range')}: ${formatBytes(rest.bytes)}, ≈ ${plural(rest.rows, 'row')}`;
}
