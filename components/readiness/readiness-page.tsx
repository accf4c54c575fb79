'use client';
import { Button, Card, EmptyState, Group, Select, Skeleton, Stack, Text } from '@mantine/core';
import { IconDatabaseExport, IconFileText, IconServer2, IconShieldCheck } from '@tabler/icons-react';
import Link from 'next/link';
import { useState } from 'react';
import { plural } from '../format.ts';
import { ErrorAlert } from '../ui/errors.tsx';
import { Age } from '../ui/figures.tsx';
import { PageHeader } from '../ui/page.tsx';
import { countsOf } from './counts.ts';
import { EntryCard } from './entry-card.tsx';
import { entryKey, useReadiness, type ReadinessReport } from './use-readiness.ts';
import { VerdictBadge } from './verdict-badge.tsx';

const REFRESH_MS = 20_000;
/** A page of cards; more on demand. */
const SHOWN = 40;

/** Could I restore this now, to when, how long would it take, how do I know. */
export function ReadinessPage() {
  const readiness = useReadiness(REFRESH_MS);
  const report = readiness.data;
  return (
    <>
      <PageHeader
        title="Readiness"
        description={
          <>
            Could it be restored now, to when, how long would it take, and how is that known.
            {report !== undefined && (
              <>
                {' '}
                Looked at <Age at={report.at} />.
              </>
            )}
          </>
        }
        actions={
          report !== undefined && report.entries.length > 0 ? (
            <Button
              component={Link}
              href="/readiness/report"
              variant="default"
              leftSection={<IconFileText size={16} aria-hidden />}
            >
              Report
            </Button>
          ) : undefined
        }
      />
      {report !== undefined ? (
        <Stack gap="lg">
          {readiness.error !== null && (
            <ErrorAlert
              error={readiness.error}
              title="This is what was known before; it can’t be looked at now"
              onRetry={() => void readiness.refetch()}
            />
          )}
          <Entries report={report} />
        </Stack>
      ) : readiness.error !== null ? (
        <ErrorAlert error={readiness.error} onRetry={() => void readiness.refetch()} />
      ) : (
        <Stack gap="lg" role="status" aria-busy aria-label="Looking at backups and clusters">
          <Skeleton h={36} maw={420} />
          <Skeleton h={260} radius="md" />
          <Skeleton h={260} radius="md" />
        </Stack>
      )}
    </>
  );
}

function Entries({ report }: { report: ReadinessReport }) {
  const [cluster, setCluster] = useState<string | null>(null);
  const [most, setMost] = useState(SHOWN);
  const clusters = [...new Set(report.entries.map(({ facts }) => facts.cluster))].sort();
  const chosen = cluster !== null && clusters.includes(cluster) ? cluster : null;
  const entries = report.entries.filter(({ facts }) => chosen === null || facts.cluster === chosen);
  if (report.entries.length === 0) return <Nothing clusters={report.clusters} />;
  return (
    <Stack gap="lg">
      {report.entries.every(({ kind }) => kind === 'databases') && <Nothing clusters={report.clusters} />}
      <Group justify="space-between" gap="sm">
        <Group gap="xs" component="ul" aria-label="Verdicts" p={0} m={0} style={{ listStyle: 'none' }}>
          {countsOf(entries).map(({ level, name, count }) => (
            <li key={level}>
              <VerdictBadge level={level}>{`${count} ${name}`}</VerdictBadge>
            </li>
          ))}
        </Group>
        {clusters.length > 1 && (
          <Select
            aria-label="Cluster"
            placeholder="All clusters"
            data={clusters}
            value={chosen}
            onChange={setCluster}
            clearable
            searchable
            w={220}
          />
        )}
      </Group>
      {entries.slice(0, most).map((entry) => (
        <EntryCard key={entryKey(entry)} entry={entry} />
      ))}
      {entries.length > most && (
        <Group justify="center">
          <Text size="sm" c="dimmed">
            {plural(entries.length - most, 'more entry', 'more entries')}, none of them worse.
          </Text>
          <Button variant="default" onClick={() => setMost(most + SHOWN)}>
            Show more
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Nothing({ clusters }: { clusters: number }) {
  const none = clusters === 0;
  return (
    <Card padding="xl">
      <EmptyState
        icon={none ? <IconServer2 aria-hidden /> : <IconShieldCheck aria-hidden />}
        variant="light"
        title={none ? 'No cluster is registered' : 'Nothing is backed up yet'}
        description={
          none
            ? 'Register a cluster to back it up; backups that were made before are found by their URLs.'
            : 'Make a full backup: from then on this page says what could be restored of it, to when, and how that is known.'
        }
      >
        <EmptyState.Actions>
          <Button
            component={Link}
            href={none ? '/clusters' : '/backup'}
            leftSection={<IconDatabaseExport size={18} aria-hidden />}
          >
            {none ? 'Add a cluster' : 'Make the first backup'}
          </Button>
        </EmptyState.Actions>
      </EmptyState>
    </Card>
  );
}
