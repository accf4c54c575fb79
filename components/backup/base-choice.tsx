'use client';
import { Alert, Badge, Group, Radio, Skeleton, Stack, Text } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { BaseCandidate } from '../../server/backup/selection.ts';
import { printName } from '../../server/cluster/names.ts';
import type { Targets } from '../../server/statement/ast.ts';
import { formatDuration, plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { useNow } from '../ui/clock.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { Age, Moment } from '../ui/figures.tsx';
import classes from './base-choice.module.css';

/** From this much time left on, the deadline stands out. */
const SOON_MS = 60 * 60 * 1000;

interface BaseChoiceProps {
  cluster: string;
  targets: Targets;
  /** The chosen chain, oldest to newest; empty while nothing is chosen. */
  bases: readonly string[];
  onBases: (bases: string[]) => void;
}

/** The backups that an incremental one can build on, newest first, each with the time that is left for it. */
export function BaseChoice({ cluster, targets, bases, onBases }: BaseChoiceProps) {
  const trpc = useTRPC();
  const candidates = useQuery(trpc.backups.bases.queryOptions({ cluster, targets }));
  if (candidates.error !== null)
    return <ErrorAlert error={candidates.error} onRetry={() => void candidates.refetch()} />;
  if (candidates.data === undefined) return <Skeleton h={140} aria-busy aria-label="Looking for backups" />;
  if (candidates.data.length === 0) {
    return (
      <Alert icon={<IconInfoCircle />} title="There is nothing to build on yet">
        No finished backup of this cluster is known here. Take a full one first.
      </Alert>
    );
  }
  return (
    <Radio.Group
      label="Build on"
      description="The newest is the usual choice: the least has changed since."
      value={bases.at(-1) ?? null}
      onChange={(url) => onBases(candidates.data.find((one) => one.url === url)?.chain ?? [])}
    >
      <Stack gap="xs" mt="sm">
        {candidates.data.map((candidate) => (
          <Candidate key={candidate.url} candidate={candidate} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function Candidate({ candidate }: { candidate: BaseCandidate }) {
  const now = useNow();
  const { url, type, moment, chain, tables, deadline, problem } = candidate;
  const left = deadline === null ? null : Date.parse(deadline.at) - now;
  const late = now > 0 && left !== null && left <= 0;
  const disabled = problem !== null || late;
  return (
    <Radio.Card value={url} disabled={disabled} p="sm" className={classes.card} aria-label={url}>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Radio.Indicator disabled={disabled} mt={2} />
        <Stack gap={4} miw={0} style={{ flex: 1 }}>
          <Group gap="xs">
            <Text fw={600} size="sm">
              <Moment at={moment} />
            </Text>
            <Text size="sm" c="dimmed">
              <Age at={moment} />
            </Text>
            <Badge variant="light" color={type === 'full' ? 'blue' : 'grape'}>
              {type === 'full' ? 'full' : `incremental, ${plural(chain.length, 'layer')}`}
            </Badge>
          </Group>
          <Text size="sm" className={classes.url}>
            {url}
          </Text>
          <Text size="sm" c={disabled ? 'red' : 'dimmed'}>
            {problem ?? `Has ${plural(tables, 'of the selected tables', 'of the selected tables')}.`}{' '}
            {deadline !== null && left !== null && now > 0 && (
              <Text span inherit c={late ? 'red' : left < SOON_MS ? 'orange' : 'dimmed'}>
                {late
                  ? `Too old: ${printName(deadline.table)} left its GC window (${formatDuration(deadline.seconds * 1000)}) ${formatDuration(-left)} ago.`
                  : `Possible for another ${formatDuration(left)}, then ${printName(deadline.table)} leaves its GC window.`}
              </Text>
            )}
          </Text>
        </Stack>
      </Group>
    </Radio.Card>
  );
}
