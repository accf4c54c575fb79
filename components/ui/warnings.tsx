import { Alert } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';

/** What a plan warns of, each by itself. */
export function Warnings({ warnings }: { warnings: readonly string[] }) {
  return warnings.map((warning) => (
    <Alert key={warning} color="yellow" icon={<IconInfoCircle />} role="status">
      {warning}
    </Alert>
  ));
}
