'use client';
import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import Link from 'next/link';
import { useState } from 'react';
import type { DependencyKind } from '../../../server/cluster/descriptor.ts';
import { nameKey, printName } from '../../../server/cluster/names.ts';
import type { RelatedObject } from '../../../server/restore/browse/view.ts';
import { KIND_WORD, KindIcon } from '../../ui/kind.tsx';
import classes from '../layer-list.module.css';
import { objectPath } from '../paths.ts';

const WHY: Record<DependencyKind, string> = {
  'foreign-key': 'foreign key',
  view: 'view',
  interleave: 'interleaving',
  sequence: 'sequence',
  type: 'type',
  inheritance: 'inheritance or partition',
  function: 'function',
  policy: 'policy',
};

/** A type may be needed by every table there is. */
const SHOWN = 50;

/** What an object needs, or what needs it, each with the way there. */
export function RelatedObjects({
  title,
  none,
  objects,
  url,
}: {
  title: string;
  none: string;
  objects: readonly RelatedObject[];
  url: string;
}) {
  const [all, setAll] = useState(false);
  const shown = all ? objects : objects.slice(0, SHOWN);
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Title order={2}>{title}</Title>
      {objects.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <ul className={classes.list} aria-label={title}>
          {shown.map((object) => (
            <li key={`${object.why} ${object.via} ${nameKey(object.name)}`}>
              <Related object={object} url={url} />
            </li>
          ))}
        </ul>
      )}
      {shown.length < objects.length && (
        <Button size="compact-sm" variant="default" w="fit-content" onClick={() => setAll(true)}>
          Show all {objects.length}
        </Button>
      )}
    </Stack>
  );
}

function Related({ object: { name, kind, why, via }, url }: { object: RelatedObject; url: string }) {
  return (
    <Stack gap={2}>
      <Group gap={6} wrap="nowrap" align="center">
        {kind === null ? (
          <>
            <IconAlertTriangle size={16} aria-hidden style={{ flex: 'none' }} />
            <Text size="sm" className={classes.url}>
              {printName(name)}
            </Text>
          </>
        ) : (
          <>
            <KindIcon kind={kind} />
            <Anchor
              component={Link}
              href={objectPath(url, { kind, name })}
              prefetch={false}
              size="sm"
              underline="always"
              className={classes.url}
            >
              {printName(name)}
            </Anchor>
          </>
        )}
      </Group>
      <Text size="xs" c="dimmed" className={classes.url}>
        {kind === null ? 'not in this backup' : KIND_WORD[kind]} · {WHY[why]}: {via}
      </Text>
    </Stack>
  );
}
