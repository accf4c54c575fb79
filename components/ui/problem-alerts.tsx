'use client';
import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Problem } from '../../server/backup/selection.ts';

/** Problems that are listed; where there are more, mending these is the way to the others. */
const SHOWN = 10;

/** Why a statement can't run as it is, each with the way to where it is mended. */
export function ProblemAlerts({
  problems,
  whereToMend,
}: {
  problems: readonly Problem[];
  whereToMend: (problem: Problem) => { label: string; onClick: () => void } | null;
}) {
  return problems.slice(0, SHOWN).map((problem) => {
    const mend = whereToMend(problem);
    return (
      <Alert
        key={`${problem.code} ${problem.message}`}
        color="red"
        role="alert"
        icon={<IconAlertTriangle />}
        title={problem.message}
      >
        {(problem.hint !== null || mend !== null) && (
          <Stack gap="xs" align="flex-start">
            {problem.hint !== null && <Text size="sm">{problem.hint}</Text>}
            {mend !== null && (
              <Button size="xs" variant="default" onClick={mend.onClick}>
                {mend.label}
              </Button>
            )}
          </Stack>
        )}
      </Alert>
    );
  });
}
