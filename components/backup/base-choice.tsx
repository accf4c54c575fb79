'use client';
import { Alert, Badge, Button, Group, Radio, Stack, Text } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { type Ref, useId, useState } from 'react';
import type { BaseCandidate } from '../../server/backup/selection.ts';
import { printName } from '../../server/cluster/names.ts';
import { formatLeft } from '../format.ts';
import type { AppError } from '../trpc.ts';
import { useNow } from '../ui/clock.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { Age, Moment } from '../ui/figures.tsx';
import { drawbackOf, lostBase, newestUsable, tablesHeld } from './base.ts';
import classes from './base-choice.module.css';
import { Loading } from '../ui/loading.tsx';

/** From this much time left on, the deadline stands out. */
const SOON_MS = 60 * 60 * 1000;
/** How many are shown at first: the newest are what people choose. */
const FEW = 5;

export interface BaseCandidates {
  data: BaseCandidate[] | undefined;
  error: AppError | null;
  refetch: () => unknown;
}

interface BaseChoiceProps {
  candidates: BaseCandidates;
  /** The chosen chain, oldest to newest; empty while nothing is chosen. */
  bases: readonly string[];
  onBases: (bases: string[]) => void;
  /** What the last check said of them. */
  error: string | null;
  cards: Ref<HTMLDivElement>;
}

/** The backups that an incremental one can build on, newest first, each with the time that is left for it. */
export function BaseChoice({ candidates, bases, onBases, error, cards }: BaseChoiceProps) {
  const now = useNow();
  const [all, setAll] = useState(false);
  const { data } = candidates;
  if (data === undefined) {
    return candidates.error !== null ? (
      <ErrorAlert error={candidates.error} onRetry={() => void candidates.refetch()} />
    ) : (
      <Loading h={140} label="Looking for backups" />
    );
  }
  const lost = lostBase(bases, data, now);
  const chosen = bases.at(-1) ?? null;
  const shown = all ? data : data.filter(({ url }, index) => index < FEW || url === chosen);
  return (
    <Stack gap="sm">
      {lost !== null && (
        <Alert color="red" role="alert" icon={<IconInfoCircle />} title="This can’t be built on any more">
          {lost}{' '}
          {newestUsable(data, now) === undefined ? 'Take a full backup instead.' : 'Choose another backup.'}
        </Alert>
      )}
      {data.length === 0 ? (
        <Alert color="gray" icon={<IconInfoCircle />} title="There is nothing to build on yet">
          No finished backup of this cluster is known here. Take a full one first.
        </Alert>
      ) : (
        <>
          {lost === null && newestUsable(data, now) === undefined && (
            <Alert color="yellow" icon={<IconInfoCircle />} title="None of these can be built on">
              Take a full backup instead: the next ones can then build on that.
            </Alert>
          )}
          <Radio.Group
            label="Build on"
            description="The newest is the usual choice: the least has changed since."
            value={chosen ?? ''}
            onChange={(url) => onBases(data.find((one) => one.url === url)?.chain ?? [])}
            error={error}
          >
            <Stack gap="xs" mt="xs" mb={error === null ? 0 : 'xs'} ref={cards}>
              {shown.map((candidate) => (
                <Candidate key={candidate.url} candidate={candidate} now={now} />
              ))}
            </Stack>
          </Radio.Group>
          {shown.length < data.length && (
            <Button variant="default" size="xs" w="fit-content" onClick={() => setAll(true)}>
              Show {data.length - shown.length} older
            </Button>
          )}
        </>
      )}
    </Stack>
  );
}

function Candidate({ candidate, now }: { candidate: BaseCandidate; now: number }) {
  const id = useId();
  const { url, type, moment, chain } = candidate;
  const drawback = drawbackOf(candidate, now);
  const disabled = drawback !== null;
  return (
    <Radio.Card
      value={url}
      disabled={disabled}
      // The arrow keys go over all cards of a name, and would be stuck at one that can't be chosen.
      {...(disabled ? { name: 'no base' } : {})}
      className={classes.card}
      aria-labelledby={`${id}-name`}
      aria-describedby={`${id}-about`}
    >
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Radio.Indicator disabled={disabled} mt={2} />
        <Stack gap={4} miw={0} flex={1}>
          <Group gap="xs" id={`${id}-name`}>
            <Text fw={600} size="sm" span>
              <Moment at={moment} />
            </Text>
            <Badge color={type === 'full' ? 'kelp' : 'blue'}>
              {type === 'full' ? 'full' : `incremental, layer ${chain.length}`}
            </Badge>
            <Text size="sm" c="dimmed" span>
              <Age at={moment} />
            </Text>
          </Group>
          <Stack gap={4} id={`${id}-about`}>
            <Text size="sm" className={classes.url}>
              {url}
            </Text>
            {drawback === null ? (
              <Text size="sm" c="dimmed">
                {tablesHeld(candidate)} <Deadline candidate={candidate} now={now} />
              </Text>
            ) : (
              <Text size="sm" className={classes.drawback}>
                {drawback}
              </Text>
            )}
          </Stack>
        </Stack>
      </Group>
    </Radio.Card>
  );
}

function Deadline({ candidate: { deadline }, now }: { candidate: BaseCandidate; now: number }) {
  if (deadline === null || now === 0) return null;
  const left = Date.parse(deadline.at) - now;
  return (
    <Text span inherit className={left < SOON_MS ? classes.soon : undefined}>
      Possible for another <span className="tabular">{formatLeft(left)}</span>, then{' '}
      {printName(deadline.table)} leaves its GC window.
    </Text>
  );
}
