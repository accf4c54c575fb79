'use client';
import { Badge, Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { FindingView } from '../../server/restore/verify/finding.ts';
import type { VerifyView } from '../../server/trpc/verifies.ts';
import { formatCount } from '../format.ts';
import classes from './findings.module.css';
import { FINDING_WORDS } from './words.ts';

/** Findings that are listed at first. */
const SHOWN = 20;

/** What is wrong with a backup, one thing after the other. */
export function Findings({ verify: { findings, figures } }: { verify: VerifyView }) {
  const [all, setAll] = useState(false);
  const shown = all ? findings : findings.slice(0, SHOWN);
  const untold = figures.findings - findings.length;
  return (
    <Stack gap="xs" align="flex-start">
      <ul className={classes.list} aria-label="Findings">
        {shown.map((finding, index) => (
          <li key={index} className={classes.finding}>
            <OneFinding finding={finding} />
          </li>
        ))}
      </ul>
      {findings.length > shown.length && (
        <Button size="xs" variant="default" onClick={() => setAll(true)}>
          Show all {formatCount(findings.length)}
        </Button>
      )}
      {untold > 0 && (all || findings.length <= SHOWN) && (
        <Text size="sm" c="dimmed">
          and {formatCount(untold)} more, which are not kept one by one.
        </Text>
      )}
    </Stack>
  );
}

function OneFinding({ finding: { kind, location, file, table, matter } }: { finding: FindingView }) {
  return (
    <>
      <Badge color="red" variant="light" className={classes.kind}>
        {FINDING_WORDS[kind]}
      </Badge>
      <div className={classes.what}>
        {file === null ? (
          <Text size="sm">{matter}</Text>
        ) : (
          <>
            <Text size="sm">
              <Text span inherit fw={600}>
                {table}
              </Text>{' '}
              {matter}
            </Text>
            <Text size="xs" c="dimmed">
              {file}
            </Text>
          </>
        )}
        <Text size="xs" c="dimmed">
          in {location}
        </Text>
      </div>
    </>
  );
}
