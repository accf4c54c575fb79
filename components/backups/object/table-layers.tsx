'use client';
import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import Link from 'next/link';
import type { ObjectName } from '../../../server/cluster/names.ts';
import type { TableLayer } from '../../../server/restore/browse/view.ts';
import { formatBytes, plural } from '../../format.ts';
import { useTRPC } from '../../trpc.ts';
import { ErrorAlert } from '../../ui/errors.tsx';
import { Moment } from '../../ui/figures.tsx';
import { Loading } from '../../ui/loading.tsx';
import { TypeBadge } from '../layer-list.tsx';
import classes from '../layer-list.module.css';
import { openable } from '../opened-with.ts';
import { isAddressable, objectPath } from '../paths.ts';

/** The layers that make a table of an incremental backup up, oldest to newest, each with the way to the table there. */
export function TableLayers({ url, table }: { url: string; table: ObjectName }) {
  const trpc = useTRPC();
  const layers = useQuery(
    trpc.backups.tableLayers.queryOptions({ url: openable(url), table }, { staleTime: 60_000 }),
  );
  return (
    <Stack gap="xs" component="section" aria-label="Layers">
      <Title order={2}>Layers</Title>
      <Text size="sm" c="dimmed">
        The table as of this backup is put together from these, oldest to newest.
      </Text>
      {layers.data !== undefined ? (
        <ol className={classes.list} aria-label="Layers of the table">
          {layers.data.map((layer) => (
            <li key={layer.url}>
              <Layer layer={layer} here={layer.url === url} table={table} />
            </li>
          ))}
        </ol>
      ) : layers.error !== null ? (
        <ErrorAlert
          error={layers.error}
          title="The chain can’t be followed"
          onRetry={() => void layers.refetch()}
        />
      ) : (
        <Loading h={90} label="Looking the layers up" />
      )}
    </Stack>
  );
}

function Layer({ layer, here, table }: { layer: TableLayer; here: boolean; table: ObjectName }) {
  return (
    <Stack gap={2}>
      {here || !isAddressable(layer.url) ? (
        <Text size="sm" className={classes.url}>
          {layer.url}
        </Text>
      ) : (
        <Anchor
          component={Link}
          href={objectPath(layer.url, { kind: 'table', name: table })}
          prefetch={false}
          size="sm"
          underline="always"
          className={classes.url}
        >
          {layer.url}
        </Anchor>
      )}
      <Group gap="xs">
        <TypeBadge type={layer.type} />
        <Text size="sm" c="dimmed" span>
          as of <Moment at={layer.moment} /> · {wordsOf(layer)}
        </Text>
      </Group>
      {layer.why !== null && (
        <Text size="xs" c="dimmed">
          {layer.why}
        </Text>
      )}
    </Stack>
  );
}

function wordsOf({ stored: { method, rows, deleted, bytes } }: TableLayer): string {
  const size = `${formatBytes(bytes)} stored`;
  if (method === 'whole') return `all of it: ${plural(rows, 'row')}, ${size}`;
  if (rows === 0 && deleted === 0) return 'nothing changed';
  return `changes: ${plural(rows, 'row')} new or changed, ${plural(deleted, 'row')} deleted, ${size}`;
}
