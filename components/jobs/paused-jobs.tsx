'use client';
import { Alert, Anchor, Group, Stack, Text } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import Link from 'next/link';
import type { JobView } from '../../server/jobs/job.ts';
import { plural } from '../format.ts';
import { JobMenu } from './job-menu.tsx';
import { KIND_WORDS } from './kinds.ts';

/** Jobs listed here; the others are a page away. */
const SHOWN = 3;

/** Jobs that wait for root: nothing goes on with them until they are resumed or canceled. Takes the paused ones of `jobs`. */
export function PausedJobs({ jobs }: { jobs: readonly JobView[] }) {
  const paused = jobs.filter(({ state }) => state === 'paused');
  if (paused.length === 0) return null;
  const byThemselves = paused.some(({ error }) => error !== null);
  return (
    <Alert
      color={byThemselves ? 'red' : 'yellow'}
      role={byThemselves ? 'alert' : 'status'}
      icon={<IconPlayerPause />}
      title={`${plural(paused.length, 'job')} paused: resume or cancel ${paused.length === 1 ? 'it' : 'them'}`}
    >
      <Stack gap={4}>
        {paused.slice(0, SHOWN).map((job) => (
          <Group key={job.id} gap="xs" wrap="nowrap" align="center">
            <Text size="sm" style={{ overflowWrap: 'anywhere', flex: 1, minWidth: 0 }}>
              <Anchor
                component={Link}
                href={`/jobs/${job.id}`}
                fw={600}
                inherit
                c="var(--mantine-color-text)"
                td="underline"
              >
                {KIND_WORDS[job.kind].one} job {job.id}
              </Anchor>
              {job.error === null ? '' : `: ${job.error.message}`}
            </Text>
            <JobMenu job={job} />
          </Group>
        ))}
        {paused.length > SHOWN && (
          <Anchor
            component={Link}
            href="/jobs?state=paused"
            size="sm"
            c="var(--mantine-color-text)"
            td="underline"
          >
            All paused jobs
          </Anchor>
        )}
      </Stack>
    </Alert>
  );
}
