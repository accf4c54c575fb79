import { Stack, Title } from '@mantine/core';
import { CopyableCode } from './copyable-code.tsx';

/** A statement under its heading, to be copied as it stands. */
export function StatementSection({ statement }: { statement: string }) {
  return (
    <Stack gap="xs" component="section" aria-label="Statement">
      <Title order={2}>Statement</Title>
      <CopyableCode value={statement} label="Statement" />
    </Stack>
  );
}
