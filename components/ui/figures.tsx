'use client';
import { Text, Tooltip } from '@mantine/core';
import type { ComponentProps } from 'react';
import { formatAge, formatBytes, formatCount, formatLocalTime, formatUtcTime } from '../format.ts';
import { useNow } from './clock.ts';

/** Bytes for people, the exact number in a tooltip; a dash where nobody knows. */
export function Bytes({ value }: { value: number | null }) {
  if (value === null) return <Dash />;
  return (
    <Tooltip label={`${formatCount(value)} bytes`}>
      <Figure>{formatBytes(value)}</Figure>
    </Tooltip>
  );
}

export function Count({
  value,
  estimate = false,
  atMost = false,
}: {
  value: number | null;
  estimate?: boolean;
  atMost?: boolean;
}) {
  if (value === null) return <Dash />;
  return (
    <Figure>
      {estimate ? '≈ ' : ''}
      {atMost ? '≤ ' : ''}
      {formatCount(value)}
    </Figure>
  );
}

/** A number and what belongs to it, in one line. */
function Figure(props: ComponentProps<'span'>) {
  return <span {...props} className="tabular" style={{ whiteSpace: 'nowrap' }} />;
}

export function Dash() {
  return (
    <Text span c="dimmed" aria-label="unknown">
      –
    </Text>
  );
}

/** A time in the browser's zone, UTC in the tooltip. */
export function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <Tooltip label={formatUtcTime(date)}>
      <time dateTime={at} className="tabular">
        {formatLocalTime(date)}
      </time>
    </Tooltip>
  );
}

/** The moment that a backup is consistent as of: always UTC, local time in the tooltip. */
export function Moment({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <Tooltip label={`${formatLocalTime(date)} local time`}>
      <time dateTime={at} className="tabular">
        {formatUtcTime(date)}
      </time>
    </Tooltip>
  );
}

/** How long ago, kept up to date; both absolute times in the tooltip. */
export function Age({ at }: { at: string }) {
  const now = useNow();
  const date = new Date(at);
  return (
    <Tooltip label={`${formatLocalTime(date)} · ${formatUtcTime(date)}`}>
      <time dateTime={at} className="tabular">
        {formatAge(date, new Date(now))}
      </time>
    </Tooltip>
  );
}
