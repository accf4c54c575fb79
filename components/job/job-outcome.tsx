'use client';
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconDatabaseImport, IconPlayerStop } from '@tabler/icons-react';
import Link from 'next/link';
import type { JobView } from '../../server/jobs/job.ts';
import { plural } from '../format.ts';
import { restorePath, viewPath } from '../backups/paths.ts';
import { KIND_WORDS } from '../jobs/kinds.ts';

/** How the job ended, and what can be done next. */
export function JobOutcome({ job }: { job: JobView }) {
  const words = KIND_WORDS[job.kind];
  // While it is reverting, what ended it is known already.
  if (job.state === 'failed' || (job.state === 'reverting' && job.error !== null)) {
    return (
      <Alert
        color="red"
        role="alert"
        icon={<IconAlertTriangle />}
        title={<span style={{ overflowWrap: 'anywhere' }}>{job.error?.message ?? 'The job failed.'}</span>}
      >
        <Stack gap="xs">
          {job.error?.hint != null && <Text size="sm">{job.error.hint}</Text>}
          {job.state === 'failed' && <Text size="sm">{words.failed}</Text>}
        </Stack>
      </Alert>
    );
  }
  if (job.state === 'canceled') {
    return (
      <Alert color="gray" icon={<IconPlayerStop />} title="Canceled" role="status">
        {words.canceled}
      </Alert>
    );
  }
  if (job.state !== 'succeeded') return null;
  return (
    <Alert
      color="green"
      role="status"
      icon={<IconCircleCheck />}
      title={words.succeeded ?? `${words.one} complete: ${plural(job.rows, 'row')}`}
    >
      <Success job={job} />
    </Alert>
  );
}

/** What there is now, and where to go from here. */
function Success({ job }: { job: JobView }) {
  switch (job.kind) {
    case 'BACKUP':
    case 'VERIFY':
    case 'DRILL':
      return (
        <Group gap="sm" mt={4}>
          <Button
            component={Link}
            href={restorePath(job.location)}
            size="xs"
            leftSection={<IconDatabaseImport size={16} aria-hidden />}
          >
            Restore from this backup
          </Button>
          <Button component={Link} href={viewPath(job.location)} size="xs" variant="default">
            Show backup
          </Button>
        </Group>
      );
    case 'RESTORE':
      return <Text size="sm">The tables below are in place, with their indexes, constraints and views.</Text>;
  }
}
