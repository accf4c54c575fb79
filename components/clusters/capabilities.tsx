'use client';
import { Group, SimpleGrid, Stack, Text, ThemeIcon } from '@mantine/core';
import { IconCheck, IconMinus } from '@tabler/icons-react';
import type { Capability, ClusterInfo } from '../../server/cluster/cluster.ts';

/** What a cluster can be asked for, and if not, why and what would change that. */
export function Capabilities({ info }: { info: ClusterInfo }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 3 }} spacing="md">
      <CapabilityNote title="Earlier times (AS OF SYSTEM TIME)" capability={info.asOf} />
      <CapabilityNote title="Incremental backups" capability={info.incremental} />
      <CapabilityNote title="Restores into it" capability={info.restore} />
    </SimpleGrid>
  );
}

function CapabilityNote({ title, capability }: { title: string; capability: Capability }) {
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <ThemeIcon variant="light" color={capability.available ? 'green' : 'gray'} size="md" aria-hidden>
        {capability.available ? <IconCheck size={16} /> : <IconMinus size={16} />}
      </ThemeIcon>
      <Stack gap={2} miw={0}>
        <Text size="sm" fw={600}>
          {title}: {capability.available ? 'available' : 'not available'}
        </Text>
        {!capability.available && (
          <>
            <Text size="sm">{capability.reason}</Text>
            <Text size="sm" c="dimmed">
              {capability.remedy}
            </Text>
          </>
        )}
      </Stack>
    </Group>
  );
}
