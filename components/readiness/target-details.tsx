'use client';
import { Anchor, Button, Group, List, Stack, Text, Title } from '@mantine/core';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { LayerList } from '../backups/layer-list.tsx';
import { isAddressable, restorePath, viewPath } from '../backups/paths.ts';
import { KIND_WORDS } from '../jobs/kinds.ts';
import { Moment } from '../ui/figures.tsx';
import { partWords, sourceWords } from './sentences.ts';
import { StartDrill, StartVerify } from './start-proof.tsx';
import type { TargetFacts } from './use-readiness.ts';

/** Names that are listed one by one. */
const MOST = 200;

/** All that a verdict rests on, by name. */
export function TargetDetails({ facts }: { facts: TargetFacts }) {
  const { point, chain, unprotected, missing, running } = facts;
  const url = point?.parts[0]?.url;
  const tables = unprotected.kind === 'known' ? unprotected.tables : [];
  const unsupported = unprotected.kind === 'known' ? unprotected.unsupported : [];
  return (
    <Stack gap="md">
      {point !== null && (
        <Part title="Restored from">
          <List size="sm" spacing={4}>
            {point.parts.map((part) => (
              <List.Item key={part.url} style={{ overflowWrap: 'anywhere' }}>
                {isAddressable(part.url) ? (
                  <Anchor component={Link} href={viewPath(part.url)} underline="always" inherit>
                    {part.url}
                  </Anchor>
                ) : (
                  part.url
                )}{' '}
                · {part.type} · as of <Moment at={part.at} /> · {partWords(part)}
              </List.Item>
            ))}
          </List>
        </Part>
      )}
      {chain !== null && (
        <Part
          title={chain.newest ? 'Chain of the newest backup' : 'Chain of the newest backup of some tables'}
        >
          <LayerList
            label={`Layers of ${facts.database}`}
            layers={chain.layers.map(({ url: at, type, at: moment, why }) => ({
              url: at,
              type,
              moment,
              problem:
                why === null ? null : { code: 'undefined-backup', message: why, hint: null, field: null },
            }))}
          />
        </Part>
      )}
      {tables.length > 0 && (
        <Part title="Tables in no backup">
          <Names names={tables} />
        </Part>
      )}
      {unsupported.length > 0 && (
        <Part title="Tables that can’t be backed up">
          <Names names={unsupported.map(({ name, why }) => `${name}: ${why}`)} />
        </Part>
      )}
      {missing.length > 0 && (
        <Part title="What the backup lacks">
          <Names names={missing} />
        </Part>
      )}
      <Part title="Its cluster">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {sourceWords(facts)}
        </Text>
      </Part>
      {running.length > 0 && (
        <Part title="Running now">
          <List size="sm">
            {running.map(({ jobId, kind, state }) => (
              <List.Item key={jobId}>
                <Anchor component={Link} href={`/jobs/${jobId}`} underline="always" inherit>
                  {KIND_WORDS[kind].one} job {jobId}
                </Anchor>
                , {state}
              </List.Item>
            ))}
          </List>
        </Part>
      )}
      {url !== undefined && isAddressable(url) && (
        <Group gap="xs">
          <Button
            component={Link}
            href={restorePath(url)}
            size="xs"
            variant="default"
            aria-label={`Restore ${facts.database} from ${url}`}
          >
            Restore
          </Button>
          <StartVerify url={url} size="xs" variant="default" />
          <StartDrill url={url} size="xs" variant="default" />
        </Group>
      )}
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={4}>
      <Title order={3} size="sm">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

function Names({ names }: { names: readonly string[] }) {
  const rest = names.length - MOST;
  return (
    <List size="sm" style={{ overflowWrap: 'anywhere' }}>
      {names.slice(0, MOST).map((name) => (
        <List.Item key={name}>{name}</List.Item>
      ))}
      {rest > 0 && <List.Item>and {rest} others</List.Item>}
    </List>
  );
}
