'use client';
import { Accordion, Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useQueries } from '@tanstack/react-query';
import Link from 'next/link';
import { useState } from 'react';
import type { Prerequisite } from '../../server/cluster/cluster.ts';
import { quoteIdent } from '../../server/cluster/names.ts';
import { useTRPC } from '../trpc.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { clusterPath } from './paths.ts';
import { AboutPrerequisite, MetBadge } from './prerequisites.tsx';
import { useTurnOn } from './use-turn-on.ts';
import { listed } from './words.ts';

/** Without these incremental backups work all the same, and read or store more. */
const GAINS: ReadonlySet<string> = new Set(['rangefeeds', 'tables']);

interface TurnOnIncrementalProps {
  cluster: string;
  /** That are backed up. */
  databases: readonly string[];
  /** Null: a full backup is chosen already. */
  onFull: (() => void) | null;
}

/**
 * What incremental backups of these databases lack, and one click to turn it on, in one alert; nothing where they lack
 * nothing. Once turned on: what to do next.
 */
export function TurnOnIncremental({ cluster, databases, onFull }: TurnOnIncrementalProps) {
  const trpc = useTRPC();
  const found = useQueries({
    queries: databases.map((database) =>
      trpc.clusters.prerequisites.queryOptions({ cluster, database }, { staleTime: 10_000 }),
    ),
  });
  const [turnedOn, setTurnedOn] = useState<readonly Prerequisite[]>([]);
  const needs = needsOf(
    found.flatMap(({ data }) => data ?? []),
    databases,
  );
  const unmet = needs.filter(({ first }) => !first.met);
  if (unmet.length === 0)
    return turnedOn.length === 0 ? null : (
      <TurnedOn what={needsOf(turnedOn, databases)} databases={databases} onFull={onFull} />
    );
  return (
    <Alert color="yellow" icon={<IconAlertTriangle />} title={titleOf(unmet, databases)}>
      <Stack gap="sm">
        <Text size="sm">
          {unmet.some(isNeeded)
            ? 'A full backup can be taken all the same, but nothing could build on it. Turn it on first, then take a full backup: later ones can build on that, and store only what changed.'
            : 'Incremental backups can be taken all the same, and read or store more than they would have to.'}
        </Text>
        <Needs needs={needs} open={databases.length === 1} />
        <TurnOn cluster={cluster} databases={databases} unmet={unmet} onDone={setTurnedOn} />
      </Stack>
    </Alert>
  );
}

/** Each with its state; what it is about is a click away where there are many. */
function Needs({ needs, open }: { needs: readonly Need[]; open: boolean }) {
  return (
    <Accordion
      multiple
      variant="contained"
      defaultValue={open ? needs.filter(({ first }) => !first.met).map(({ key }) => key) : []}
      styles={{ label: { paddingBlock: 8 }, item: { backgroundColor: 'var(--mantine-color-body)' } }}
    >
      {needs.map(({ key, name, first }) => (
        <Accordion.Item key={key} value={key}>
          <Accordion.Control>
            <Group gap="xs">
              <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                {name}
              </Text>
              <MetBadge met={first.met} />
            </Group>
          </Accordion.Control>
          <Accordion.Panel>
            <Stack gap="xs">
              <AboutPrerequisite prerequisite={first} />
            </Stack>
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function TurnOn({
  cluster,
  databases,
  unmet,
  onDone,
}: {
  cluster: string;
  databases: readonly string[];
  unmet: readonly Need[];
  onDone: (turnedOn: readonly Prerequisite[]) => void;
}) {
  const turnOn = useTurnOn(cluster, onDone);
  const byHand = unmet.filter(({ first }) => first.action === null);
  return (
    <>
      {turnOn.error !== null && <ErrorAlert error={turnOn.error} title="Not all of it was turned on" />}
      <Group gap="md">
        {byHand.length === 0 ? (
          <Button
            size="sm"
            loading={turnOn.isPending}
            onClick={() => turnOn.mutate(unmet.flatMap(({ prerequisites }) => prerequisites))}
          >
            Turn on{' '}
            {unmet.some(isNeeded) ? `for ${namesOf(databases)}` : listed(unmet.map(({ name }) => name))}
          </Button>
        ) : (
          <Text size="sm" fw={600}>
            It can be turned on here once this is seen to: {listed(byHand.map(({ name }) => name))}.
          </Text>
        )}
        <Anchor component={Link} href={clusterPath(cluster)} size="sm" underline="always">
          See the page of {cluster}
        </Anchor>
      </Group>
      {turnOn.isPending && (
        <Text size="sm" role="status">
          This waits for transactions that are running, for a minute at most in each database.
        </Text>
      )}
    </>
  );
}

function TurnedOn({
  what,
  databases,
  onFull,
}: {
  what: readonly Need[];
  databases: readonly string[];
  onFull: (() => void) | null;
}) {
  const needed = what.some(isNeeded);
  return (
    <Alert
      color="green"
      role="status"
      icon={<IconCircleCheck />}
      title={
        needed
          ? `Incremental backups are turned on for ${namesOf(databases)}`
          : `Turned on: ${listed(what.map(({ name }) => name))}`
      }
    >
      {needed && (
        <Stack gap="xs" align="flex-start">
          <Text size="sm">Take a full backup now: later ones can build on it.</Text>
          {onFull !== null && (
            <Button size="xs" variant="default" onClick={onFull}>
              Choose “Full”
            </Button>
          )}
        </Stack>
      )}
    </Alert>
  );
}

/** Prerequisites that say the same, of one or several databases. */
interface Need {
  /** Part of an element's id. */
  key: string;
  /** With its databases, where these are not all of them and it doesn't name them itself. */
  name: string;
  first: Prerequisite;
  prerequisites: Prerequisite[];
}

/** What the whole cluster needs is told with each database, and what each needs is often the same. */
function needsOf(all: readonly Prerequisite[], databases: readonly string[]): Need[] {
  const groups = new Map<string, Prerequisite[]>();
  for (const prerequisite of all) {
    const { id, met, detail, action } = prerequisite;
    const says = JSON.stringify([id, met, detail, action]);
    groups.set(says, [...(groups.get(says) ?? []), prerequisite]);
  }
  return [...groups.values()].flatMap((prerequisites) => {
    const [first] = prerequisites;
    if (first === undefined) return [];
    const { name, database } = first;
    const whole = database === undefined || prerequisites.length === databases.length;
    const said = whole || name.includes(quoteIdent(database));
    const of = prerequisites.map((each) => quoteIdent(each.database ?? ''));
    return [
      {
        key: `${first.id}-${databases.indexOf(database ?? '')}`,
        name: said ? name : `${name} (${of.join(', ')})`,
        first,
        prerequisites: database === undefined ? [first] : prerequisites,
      },
    ];
  });
}

function isNeeded({ first }: Need): boolean {
  return !GAINS.has(first.id);
}

function titleOf(unmet: readonly Need[], databases: readonly string[]): string {
  const needed = unmet.filter(isNeeded);
  if (needed.length === 0) return `Not turned on: ${listed(unmet.map(({ name }) => name))}`;
  const lacking = databases.filter((name) =>
    needed.some(({ prerequisites }) => prerequisites.some(({ database }) => (database ?? name) === name)),
  );
  return `Incremental backups are not turned on for ${namesOf(lacking)}`;
}

function namesOf(databases: readonly string[]): string {
  return listed(databases.map(quoteIdent));
}
