'use client';
import { Alert, Group, Skeleton, Stack, Tabs } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { printName } from '../../../server/cluster/names.ts';
import type { ObjectView } from '../../../server/restore/browse/view.ts';
import { formatCount } from '../../format.ts';
import { useTRPC } from '../../trpc.ts';
import { BackLink } from '../../ui/back-link.tsx';
import { CopyableCode } from '../../ui/copyable-code.tsx';
import { ErrorAlert } from '../../ui/errors.tsx';
import { Moment } from '../../ui/figures.tsx';
import { KIND_WORD, KindIcon } from '../../ui/kind.tsx';
import { PageHeader } from '../../ui/page.tsx';
import { openable } from '../opened-with.ts';
import { objectPath, viewPath } from '../paths.ts';
import { ddlText } from './ddl-text.ts';
import { FileView } from './file-view.tsx';
import { ObjectFiles } from './object-files.tsx';
import { ObjectOverview } from './object-overview.tsx';
import { type OpenObject, TABS, useOpenObject } from './use-open.ts';

/** One object of a backup, without restoring it: what it is, what makes it, and what is in its files. */
export function ObjectPage() {
  const open = useOpenObject();
  if (open !== null) return <Opened key={`${open.kind} ${printName(open.name)}`} open={open} />;
  return (
    <Stack gap="lg">
      <BackLink href="/backups">All backups</BackLink>
      <Alert
        color="yellow"
        icon={<IconInfoCircle />}
        title="No object of a backup is named in this page’s address"
      >
        Open a backup on the Backups page, and choose one of its objects.
      </Alert>
    </Stack>
  );
}

function Opened({ open }: { open: OpenObject }) {
  const { url, kind, name } = open;
  const trpc = useTRPC();
  const object = useQuery(
    trpc.backups.object.queryOptions({ url: openable(url), kind, name }, { staleTime: 60_000 }),
  );
  return (
    <Stack gap="lg">
      <BackLink href={viewPath(url)}>The backup</BackLink>
      <PageHeader
        title={
          <span style={{ overflowWrap: 'anywhere' }}>
            <KindIcon kind={kind} /> {printName(name)}
          </span>
        }
        description={
          <span style={{ overflowWrap: 'anywhere' }}>
            {KIND_WORD[kind]} in the backup {url}
            {object.data !== undefined && (
              <>
                , as of <Moment at={object.data.backup.moment} />
              </>
            )}
          </span>
        }
      />
      {object.data !== undefined ? (
        <ObjectTabs open={open} object={object.data} />
      ) : object.error !== null ? (
        <ErrorAlert error={object.error} onRetry={() => void object.refetch()} />
      ) : (
        <Stack gap="lg" role="status" aria-busy aria-label="Reading the backup">
          <Skeleton h={36} maw={320} />
          <Skeleton h={260} radius="md" />
        </Stack>
      )}
    </Stack>
  );
}

function ObjectTabs({ open, object }: { open: OpenObject; object: ObjectView }) {
  const isTable = object.kind === 'table';
  const tab = open.tab === 'files' && !isTable ? 'overview' : open.tab;
  const ddl = ddlText(object.ddl);
  return (
    <Tabs
      value={tab}
      onChange={(next) => {
        const known = TABS.find((each) => each === next);
        if (known !== undefined)
          window.history.pushState(null, '', objectPath(open.url, open, { tab: known }));
      }}
      keepMounted={false}
    >
      <Tabs.List mb="md">
        <Tabs.Tab value="overview">Overview</Tabs.Tab>
        <Tabs.Tab value="ddl">DDL</Tabs.Tab>
        {isTable && (
          <Tabs.Tab value="files">
            <Group gap={6} wrap="nowrap">
              Files <span className="tabular">({formatCount(object.files.length)})</span>
            </Group>
          </Tabs.Tab>
        )}
      </Tabs.List>
      <Tabs.Panel value="overview">
        <ObjectOverview object={object} url={open.url} />
      </Tabs.Panel>
      <Tabs.Panel value="ddl">
        <CopyableCode value={ddl} label="DDL" tall />
      </Tabs.Panel>
      {isTable && (
        <Tabs.Panel value="files">
          {open.file === null ? (
            <ObjectFiles object={object} open={open} />
          ) : (
            <FileView key={open.file} name={open.file} open={open} />
          )}
        </Tabs.Panel>
      )}
    </Tabs>
  );
}
