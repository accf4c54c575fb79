'use client';
import { Badge } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import type { Outputs } from '../trpc.ts';

/** Whether a cluster answers, and what is special about it: in colour, sign and word. */
export function StatusBadges({
  cluster,
}: {
  cluster: Outputs['clusters']['list'][number] | Outputs['clusters']['details'];
}) {
  return (
    <>
      {cluster.status === 'up' ? (
        <Badge color="green" leftSection={<IconCircleCheck size={14} aria-hidden />}>
          up
        </Badge>
      ) : (
        <Badge color="red" leftSection={<IconAlertTriangle size={14} aria-hidden />}>
          does not answer
        </Badge>
      )}
      {cluster.status === 'up' && cluster.info.kind === 'simulated' && (
        <Badge color="orange">simulation</Badge>
      )}
      {cluster.embedded && <Badge color="gray">embedded</Badge>}
    </>
  );
}
