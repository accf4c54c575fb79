'use client';
import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleDot, IconInfoCircle } from '@tabler/icons-react';
import { useState } from 'react';
import { formatCount } from '../format.ts';
import { Time } from '../ui/figures.tsx';
import { StateBadge } from '../ui/states.tsx';
import classes from './event-log.module.css';
import type { LogEntry } from './stream.ts';
import { Loading } from '../ui/loading.tsx';

/** Entries shown before anybody asks for all. */
const SHOWN = 100;

/** What happened, newest first; each event carries its number. */
export function EventLog({ log, connecting }: { log: readonly LogEntry[]; connecting: boolean }) {
  const [all, setAll] = useState(false);
  const newestFirst = log.toReversed();
  const shown = all ? newestFirst : newestFirst.slice(0, SHOWN);
  return (
    <Stack gap="xs" component="section" aria-label="Events">
      <Title order={2}>Events</Title>
      {log.length === 0 ? (
        connecting ? (
          <Loading h={80} label="Loading" />
        ) : (
          <Text c="dimmed" size="sm">
            Nothing has happened yet.
          </Text>
        )
      ) : (
        <ol className={classes.log} reversed>
          {shown.map((entry) => (
            <li key={entry.seq} className={classes.entry} data-seq={entry.seq} data-type={entry.type}>
              <Text span size="sm" c="dimmed" className={classes.time}>
                <Time at={entry.at} />
              </Text>
              <Entry entry={entry} />
            </li>
          ))}
        </ol>
      )}
      {!all && log.length > SHOWN && (
        <Group>
          <Button variant="default" size="xs" onClick={() => setAll(true)}>
            Show all {formatCount(log.length)} events
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Entry({ entry }: { entry: LogEntry }) {
  if (entry.type === 'state') {
    return (
      <Group gap="xs" wrap="nowrap" align="flex-start" miw={0}>
        <IconCircleDot size={16} aria-hidden className={classes.icon} />
        <Group gap="xs">
          <StateBadge state={entry.state} />
          {entry.error !== null && <Text size="sm">{entry.error.message}</Text>}
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
