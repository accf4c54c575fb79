'use client';
import { Alert, List, Stack } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import type { ClusterNode } from '../../server/cluster/cluster.ts';
import type { Outputs } from '../trpc.ts';
import { SameAs } from './same-as.tsx';
import { kindName, listed, nodeName, nodesUp } from './words.ts';

/** Nodes that are named one by one. */
const NAMED = 5;

export type FoundCluster = Extract<Outputs['clusters']['test'], { status: 'up' }>;

/** What a connection test found, in words. */
export function TestResult({ found }: { found: FoundCluster }) {
  const { info } = found;
  return (
    <Stack gap="sm">
      <Alert
        color="green"
        role="status"
        icon={<IconCircleCheck />}
        title={`${kindName(info.kind)} ${info.version} answers`}
      >
        <List size="sm" spacing={4}>
          {linesOf(found).map((line) => (
            <List.Item key={line}>{line}</List.Item>
          ))}
        </List>
      </Alert>
      {found.sameAs.length > 0 && <SameAs names={found.sameAs} />}
    </Stack>
  );
}

function linesOf({ info, prerequisites }: FoundCluster): string[] {
  const lines = [`Logged in as ${info.user}; ${nodesUp(info)}.`];
  const down = info.nodes.filter((node) => !node.live);
  if (down.length > 0) lines.push(`Not live: ${named(down)}.`);
  const indirect = info.nodes.filter((node) => node.live && !node.direct);
  if (indirect.length > 0)
    lines.push(`Read through the URL’s address, not reached directly: ${named(indirect)}.`);
  const missing = (prerequisites ?? []).filter((each) => !each.met).map(({ name }) => name);
  if (!info.incremental.available) lines.push(`No incremental backups. ${info.incremental.reason}`);
  if (prerequisites === null) lines.push('What incremental backups need is not known: the user may not ask.');
  else if (missing.length > 0)
    lines.push(`Incremental backups lack: ${listed(missing)}. The cluster’s page turns it on.`);
  else if (info.incremental.available) lines.push('It has all that incremental backups need.');
  if (!info.restore.available) lines.push(`Nothing can be restored into it. ${info.restore.reason}`);
  return lines;
}

function named(nodes: readonly ClusterNode[]): string {
  const rest = nodes.length - NAMED;
  const names = nodes.slice(0, NAMED).map(nodeName);
  return listed(rest > 0 ? [...names, `${rest} more`] : names);
}
