'use client';
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconDatabaseImport, IconPlayerStop } from '@tabler/icons-react';
import Link from 'next/link';
import type { JobView } from '../../server/jobs/job.ts';
import { plural } from '../format.ts';
import { restorePath, viewPath } from '../backups/paths.ts';

/** How the job ended, and what can be done next. */
export function JobOutcome({ job }: { job: JobView }) {
  // While it is reverting, what ended it is known already.
  if (job.state === 'failed' || (job.state === 'reverting' && job.error !== null)) {
    return (
      <Alert
        color="red"
        role="alert"
        icon={<IconAlertTriangle />}
        title={job.error?.message ?? 'The job failed.'}
      >
        <Stack gap="xs">
          {job.error?.hint != null && <Text size="sm">{job.error.hint}</Text>}
          {job.state === 'failed' && (
            <Text size="sm">
              {job.kind === 'BACKUP'
                ? 'No backup was made: without its manifest a directory is none.'
                : 'What the restore had created was removed again.'}
            </Text>
          )}
        </Stack>
      </Alert>
    );
  }
  if (job.state === 'canceled') {
    return (
      <Alert color="gray" icon={<IconPlayerStop />} title="Canceled" role="status">
        {job.kind === 'BACKUP' ? 'No backup was made.' : 'What the restore had created was removed again.'}
      </Alert>
    );
  }
  if (job.state !== 'succeeded') return null;
  const rows = plural(job.rows, 'row');
  return (
    <Alert
      color="green"
      role="status"
      icon={<IconCircleCheck />}
      title={job.kind === 'BACKUP' ? `Backup complete: ${rows}` : `Restore complete: ${rows}`}
    >
      {job.kind === 'BACKUP' ? (
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
      ) : (
        <Text size="sm">The tables below are in place, with their indexes, constraints and views.</Text>
      )}
    </Alert>
  );
}
