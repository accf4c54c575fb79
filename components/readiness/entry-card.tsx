'use client';
import { Anchor, Button, Card, Collapse, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import Link from 'next/link';
import { useId } from 'react';
import { clusterPath } from '../clusters/paths.ts';
import { plural } from '../format.ts';
import { ActionButton } from './action-button.tsx';
import classes from './target-card.module.css';
import { TargetDetails } from './target-details.tsx';
import { TargetFacts } from './target-facts.tsx';
import type { DatabasesEntry, ReadinessEntry, TargetEntry, Verdict } from './use-readiness.ts';
import { VerdictBadge } from './verdict-badge.tsx';

export function EntryCard({ entry }: { entry: ReadinessEntry }) {
  return entry.kind === 'target' ? <TargetCard entry={entry} /> : <DatabasesCard entry={entry} />;
}

/** A protected database: its verdict, why, and what to do; the rest on demand. */
function TargetCard({ entry: { facts, verdict } }: { entry: TargetEntry }) {
  const [opened, { toggle }] = useDisclosure(false);
  const id = useId();
  const Chevron = opened ? IconChevronDown : IconChevronRight;
  return (
    <Card component="section" aria-label={`${facts.database} of ${facts.cluster}`}>
      <Stack gap="md">
        <Head
          title={facts.database}
          about={
            <>
              database of{' '}
              {facts.source.state === 'gone' ? (
                facts.cluster
              ) : (
                <Anchor
                  component={Link}
                  href={clusterPath(facts.cluster, { database: facts.database })}
                  inherit
                  underline="always"
                >
                  {facts.cluster}
                </Anchor>
              )}
            </>
          }
          verdict={verdict}
        />
        <TargetFacts facts={facts} />
        <Reasons verdict={verdict} />
        <div>
          <Button
            variant="subtle"
            size="compact-sm"
            ml={-8}
            leftSection={<Chevron size={14} aria-hidden />}
            aria-expanded={opened}
            aria-controls={id}
            aria-label={`Details of ${facts.database}`}
            onClick={toggle}
          >
            Details
          </Button>
          <Collapse expanded={opened} id={id}>
            <div style={{ paddingTop: 'var(--mantine-spacing-sm)' }}>
              {opened && <TargetDetails facts={facts} />}
            </div>
          </Collapse>
        </div>
      </Stack>
    </Card>
  );
}

/** Databases of a cluster that are in no backup at all. */
function DatabasesCard({ entry: { facts, verdict } }: { entry: DatabasesEntry }) {
  return (
    <Card component="section" aria-label={`Databases of ${facts.cluster} in no backup`}>
      <Head
        title={facts.unknown === null ? plural(facts.databases.length, 'database') : facts.cluster}
        about={
          <>
            {facts.unknown === null ? 'in no backup, of ' : 'cluster '}
            <Anchor component={Link} href={clusterPath(facts.cluster)} inherit underline="always">
              {facts.cluster}
            </Anchor>
          </>
        }
        verdict={verdict}
      />
    </Card>
  );
}

function Head({ title, about, verdict }: { title: string; about: React.ReactNode; verdict: Verdict }) {
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="sm" align="flex-start">
        <Group gap="sm" style={{ minWidth: 0 }}>
          <VerdictBadge level={verdict.level}>{verdict.name}</VerdictBadge>
          <Title order={2} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {about}
          </Text>
        </Group>
        {verdict.action !== null && <ActionButton action={verdict.action} size="sm" />}
      </Group>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {verdict.words}
      </Text>
    </Stack>
  );
}

/** What else there is to say, after the sentence that the verdict is; facts that stand above with their reasons are left out. */
function Reasons({ verdict }: { verdict: Verdict }) {
  const others = verdict.reasons.filter(
    ({ kind, words }) => words !== verdict.words && kind !== 'next-is-full',
  );
  if (others.length === 0) return null;
  return (
    <ul className={classes.reasons} aria-label="Also">
      {others.map(({ words }) => (
        <li key={words}>{words}</li>
      ))}
    </ul>
  );
}
