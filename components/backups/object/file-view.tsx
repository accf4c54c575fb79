'use client';
import { Alert, Code, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { FileRows } from '../../../server/restore/browse/view.ts';
import { formatBytes, formatCount, plural } from '../../format.ts';
import { useTRPC } from '../../trpc.ts';
import { BackLink } from '../../ui/back-link.tsx';
import { ErrorAlert } from '../../ui/errors.tsx';
import { Fact, Facts } from '../../ui/fact.tsx';
import { Bytes, Count } from '../../ui/figures.tsx';
import { Loading } from '../../ui/loading.tsx';
import { openable } from '../opened-with.ts';
import { objectPath } from '../paths.ts';
import { RowsGrid } from './rows-grid.tsx';
import type { OpenObject } from './use-open.ts';

const COUNTS = ['50', '200', '500'] as const;

/** One data file: its figures, and its first rows. */
export function FileView({ name, open }: { name: string; open: OpenObject }) {
  const trpc = useTRPC();
  const [count, setCount] = useState<string>(COUNTS[0]);
  const found = useQuery(
    trpc.backups.firstRows.queryOptions(
      { url: openable(open.url), file: name, rows: Number(count) },
      { staleTime: 60_000, placeholderData: keepPreviousData },
    ),
  );
  return (
    <Stack gap="md">
      <BackLink href={objectPath(open.url, open, { tab: 'files' })}>All files of the table</BackLink>
      <Title order={2} style={{ overflowWrap: 'anywhere' }}>
        {name}
      </Title>
      {found.error !== null ? (
        <ErrorAlert
          error={found.error}
          title="Its rows can’t be shown"
          onRetry={() => void found.refetch()}
        />
      ) : found.data === undefined ? (
        <Loading h={320} label="Reading the file" />
      ) : (
        <Rows found={found.data} count={count} onCount={setCount} busy={found.isPlaceholderData} />
      )}
    </Stack>
  );
}

function Rows({
  found,
  count,
  onCount,
  busy,
}: {
  found: FileRows;
  count: string;
  onCount: (count: string) => void;
  busy: boolean;
}) {
  const { file, rows, columns, checked, stopped } = found;
  const keys = file.kind === 'deleted';
  return (
    <>
      <Facts>
        <Fact label="Holds">{keys ? 'keys of rows that were deleted since the layer before' : 'rows'}</Fact>
        <Fact label={keys ? 'Keys' : 'Rows'}>
          <Count value={file.rows} />
        </Fact>
        <Fact label="Stored">
          <Bytes value={file.bytes} /> (<Bytes value={file.rawBytes} /> of COPY text)
        </Fact>
        <Fact label="SHA-256">
          <Code style={{ overflowWrap: 'anywhere' }}>{file.sha256}</Code>
        </Fact>
        <Fact label="Ranges">
          {formatCount(file.ranges.count)}, from <Bound value={file.ranges.start} open="the beginning" /> up
          to <Bound value={file.ranges.end} open="the end" />
        </Fact>
      </Facts>
      {checked ? (
        <Group gap={6} wrap="nowrap" role="status">
          <IconCircleCheck size={16} aria-hidden style={{ flex: 'none' }} />
          <Text size="sm">The whole file was read, and it has the checksum that the manifest says.</Text>
        </Group>
      ) : (
        <Alert
          color="yellow"
          icon={<IconAlertTriangle />}
          role="status"
          title="Only the beginning of this file was read, and it was not checked"
        >
          The file is {formatBytes(file.bytes)} long, and its checksum is of all of it. What is shown here may
          be damaged.
        </Alert>
      )}
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed">
          {stopped === null ? 'The file has no rows.' : 'Its first row is too large to be shown.'}
        </Text>
      ) : (
        <>
          <Group justify="space-between" gap="sm">
            <Text size="sm" c="dimmed" role="status">
              {told(found)}
            </Text>
            {file.rows > Number(COUNTS[0]) && (
              <SegmentedControl
                size="xs"
                aria-label="How many rows are shown"
                data={[...COUNTS]}
                value={count}
                onChange={onCount}
              />
            )}
          </Group>
          <RowsGrid columns={columns} rows={rows} label={keys ? 'Deleted keys' : 'First rows'} busy={busy} />
        </>
      )}
    </>
  );
}

function told({ file, rows, stopped }: FileRows): string {
  const [one, many] = file.kind === 'deleted' ? ['key', 'keys'] : ['row', 'rows'];
  if (stopped === null) return `All ${plural(rows.length, one, many)} of the file.`;
  const first = `The first ${plural(rows.length, one, many)} of ${formatCount(file.rows)}`;
  return stopped === 'asked' ? `${first}.` : `${first}: they are too large for more to be shown in one go.`;
}

function Bound({ value, open }: { value: string | null; open: string }) {
  return value === null ? open : <Code style={{ overflowWrap: 'anywhere' }}>{value}</Code>;
}
