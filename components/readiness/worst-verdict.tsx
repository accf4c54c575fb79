'use client';
import { Anchor, Card, Group, Stack, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { countsOf } from './counts.ts';
import { useReadiness } from './use-readiness.ts';
import { VerdictBadge } from './verdict-badge.tsx';

const REFRESH_MS = 60_000;

/** The worst verdict of all, in a sentence; nothing before anything is backed up, and until it is known. */
export function WorstVerdict() {
  const { data: report } = useReadiness(REFRESH_MS);
  const [worst] = report?.entries ?? [];
  if (report === undefined || worst === undefined) return null;
  if (report.entries.every(({ kind }) => kind === 'databases')) return null;
  const { verdict, facts } = worst;
  const of = worst.kind === 'target' ? `${worst.facts.database} of ${facts.cluster}` : facts.cluster;
  return (
    <Stack gap="xs" component="section" aria-label="Readiness">
      <Group justify="space-between">
        <Title order={2}>Readiness</Title>
        <Anchor component={Link} href="/readiness" size="sm">
          All verdicts
        </Anchor>
      </Group>
      <Card padding="md">
        <Stack gap="xs">
          <Group gap="xs">
            {countsOf(report.entries).map(({ level, name, count }) => (
              <VerdictBadge key={level} level={level}>{`${count} ${name}`}</VerdictBadge>
            ))}
          </Group>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            <Text span fw={600} inherit>
              {of}
            </Text>
            : {verdict.words}
          </Text>
        </Stack>
      </Card>
    </Stack>
  );
}
