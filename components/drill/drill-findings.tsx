import { List, Text } from '@mantine/core';
import type { DrillView } from '../../server/trpc/drills.ts';
import { formatCount } from '../format.ts';

/** What a drill found wrong, one thing after the other. */
export function DrillFindings({ drill: { findings, figures } }: { drill: DrillView }) {
  const untold = figures.findings - findings.length;
  return (
    <>
      <List size="sm" aria-label="Findings" spacing={4}>
        {findings.map(({ table, reason }, index) => (
          <List.Item key={index} style={{ overflowWrap: 'anywhere' }}>
            {table !== null && (
              <Text span inherit fw={600}>
                {table}:{' '}
              </Text>
            )}
            {reason}
          </List.Item>
        ))}
      </List>
      {untold > 0 && (
        <Text size="sm" c="dimmed">
          and {formatCount(untold)} more, which are not kept one by one.
        </Text>
      )}
    </>
  );
}
