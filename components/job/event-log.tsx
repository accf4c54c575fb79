'use client';
import { Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleDot, IconInfoCircle } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { formatCount } from '../format.ts';
import { Loading } from '../ui/loading.tsx';
import { Time } from '../ui/figures.tsx';
import { StateBadge } from '../ui/states.tsx';
import classes from './event-log.module.css';
import type { LogEntry } from './stream.ts';

/** From this many entries on only those in view exist. */
const VIRTUAL_FROM = 60;
const ENTRY_HEIGHT = 42;

/** True for what somebody should look at. */
function warns(entry: LogEntry): boolean {
  return entry.type === 'log' ? entry.level === 'warning' : entry.error !== null;
}

/** What happened, newest first; each event carries its number. */
export function EventLog({ log, connecting }: { log: readonly LogEntry[]; connecting: boolean }) {
  const [warningsOnly, setWarningsOnly] = useState(false);
  const newestFirst = useMemo(() => log.toReversed(), [log]);
  const warnings = useMemo(() => newestFirst.filter(warns), [newestFirst]);
  const shown = warningsOnly ? warnings : newestFirst;
  return (
    <Stack gap="xs" component="section" aria-label="Events">
      <Group justify="space-between">
        <Title order={2}>Events</Title>
        {warnings.length > 0 && (
          <SegmentedControl
            size="xs"
            aria-label="Events shown"
            data={[
              { value: 'all', label: `All (${formatCount(log.length)})` },
              { value: 'warnings', label: `Warnings (${formatCount(warnings.length)})` },
            ]}
            value={warningsOnly ? 'warnings' : 'all'}
            onChange={(value) => setWarningsOnly(value === 'warnings')}
          />
        )}
      </Group>
      {log.length > 0 ? (
        <Entries entries={shown} />
      ) : connecting ? (
        <Loading h={80} label="Loading" />
      ) : (
        <Text c="dimmed" size="sm">
          Nothing has happened yet.
        </Text>
      )}
    </Stack>
  );
}

function Entries({ entries }: { entries: readonly LogEntry[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = entries.length >= VIRTUAL_FROM;
  const virtualizer = useVirtualizer({
    count: entries.length,
    enabled: virtual,
    getScrollElement: () => scroller.current,
    estimateSize: () => ENTRY_HEIGHT,
    getItemKey: (index) => entries[index]?.seq ?? index,
    overscan: 10,
  });
  const items = virtualizer.getVirtualItems();
  const first = virtual ? (items[0]?.index ?? 0) : 0;
  const shown = virtual ? entries.slice(first, (items.at(-1)?.index ?? -1) + 1) : entries;
  const before = virtual ? (items[0]?.start ?? 0) : 0;
  const after = virtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      data-virtual={virtual || undefined}
      tabIndex={virtual ? 0 : undefined}
      role={virtual ? 'region' : undefined}
      aria-label={virtual ? 'Events, scrollable' : undefined}
    >
      <ol className={classes.log} style={{ paddingTop: before, paddingBottom: after }}>
        {shown.map((entry, index) => (
          <li
            key={entry.seq}
            ref={virtual ? virtualizer.measureElement : undefined}
            className={classes.entry}
            data-index={first + index}
            data-seq={entry.seq}
            data-type={entry.type}
            aria-setsize={entries.length}
            aria-posinset={first + index + 1}
          >
            <Text span size="sm" c="dimmed" className={classes.time}>
              <Time at={entry.at} />
            </Text>
            <Entry entry={entry} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function Entry({ entry }: { entry: LogEntry }) {
  if (entry.type === 'state') {
    return (
      <Group gap="xs" wrap="nowrap" align="flex-start" miw={0}>
        <IconCircleDot size={16} aria-hidden className={classes.icon} />
        <Group gap="xs" miw={0}>
          <StateBadge state={entry.state} />
          {entry.error !== null && (
            <Text size="sm" style={{ overflowWrap: 'anywhere' }} miw={0}>
              {entry.error.message}
            </Text>
          )}
        </Group>
      </Group>
    );
  }
  const warning = entry.level === 'warning';
  const Icon = warning ? IconAlertTriangle : IconInfoCircle;
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" miw={0}>
      <Icon
        size={16}
        aria-label={warning ? 'Warning' : undefined}
        aria-hidden={!warning}
        className={classes.icon}
        data-warning={warning || undefined}
      />
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {entry.message}
      </Text>
    </Group>
  );
}
