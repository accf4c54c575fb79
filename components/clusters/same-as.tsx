'use client';
import { Alert } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { listed } from './words.ts';

/** Warns that one cluster is registered several times. */
export function SameAs({ names }: { names: readonly string[] }) {
  return (
    <Alert
      color="yellow"
      role="status"
      icon={<IconInfoCircle />}
      title={`The same cluster as ${listed(names)}`}
    >
      Both registrations lead to one cluster, or to a copy of its files. That is allowed; mind which of them a
      job names.
    </Alert>
  );
}
