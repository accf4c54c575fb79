'use client';
import { Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconCircleX } from '@tabler/icons-react';
import type { TargetCheck } from '../../server/backup/selection.ts';
import classes from './target-checks.module.css';

const WHAT: Record<TargetCheck['what'], string> = {
  engine: 'Engine',
  version: 'Version',
  names: 'Names',
  dependencies: 'Dependencies',
  rights: 'Rights',
  users: 'Users',
  space: 'Room',
};

const LOOKS: Record<TargetCheck['verdict'], { icon: typeof IconCircleX; word: string }> = {
  good: { icon: IconCircleCheck, word: 'good' },
  warning: { icon: IconAlertTriangle, word: 'warning' },
  bad: { icon: IconCircleX, word: 'refused' },
  unknown: { icon: IconCircleDashed, word: 'not known' },
};

/** What the target cluster was checked for before anything starts, each with its verdict. */
export function TargetChecks({ checks, cluster }: { checks: readonly TargetCheck[]; cluster: string }) {
  if (checks.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Checks">
      <Title order={2}>Checked against {cluster}</Title>
      <ul className={classes.checks}>
        {checks.map(({ what, verdict, words }) => {
          const { icon: Icon, word } = LOOKS[verdict];
          return (
            <li key={what} data-verdict={verdict}>
              <Icon size={18} role="img" aria-label={word} className={classes.icon} />
              <Text size="sm" fw={600}>
                {WHAT[what]}
              </Text>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }} miw={0}>
                {words}
              </Text>
            </li>
          );
        })}
      </ul>
    </Stack>
  );
}
