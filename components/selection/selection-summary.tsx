'use client';
import { Button, Card, Group, Loader, Stack, Text, Title } from '@mantine/core';
import type { SelectedObject, Selection } from '../../server/backup/selection.ts';
import { useMemo } from 'react';
import { printName, quoteIdent } from '../../server/cluster/names.ts';
import type { Targets } from '../../server/statement/ast.ts';
import { formatBytes, formatCount, plural } from '../format.ts';
import { KIND_WORD } from '../ui/kind.tsx';
import { shortName } from './catalog.ts';
import type { Picked } from './picked.ts';
import { toTargets } from './picked.ts';

interface SelectionSummaryProps {
  picked: Picked;
  totals: Selection['totals'] | null;
  objects: readonly SelectedObject[];
  /** The figures are still those of what was ticked before. */
  busy: boolean;
  /** What to call a database of which everything is ticked. */
  wholeDatabase?: (database: string) => string;
  /** The rows are counted, not a cluster's guess. */
  exact?: boolean;
  onClear: () => void;
}

const SHOWN = 10;

/** What is ticked, in words and figures. */
export function SelectionSummary({
  picked,
  totals,
  objects,
  busy,
  wholeDatabase = (database) => `Database ${quoteIdent(database)}`,
  exact = false,
  onClear,
}: SelectionSummaryProps) {
  const targets = useMemo(() => toTargets(picked), [picked]);
  const { names, more } = namesOf(targets, wholeDatabase);
  const carried = objects.filter((object) => object.reason === 'carried');
  const leftOut = objects.filter((object) => object.leftOut.length > 0);
  return (
    <Card component="section" aria-label="Selected" padding="md">
      <Stack gap="sm">
        <Group justify="space-between" mih={28}>
          <Group gap="xs">
            <Title order={2}>Selected</Title>
            {busy && <Loader size="xs" role="status" aria-label="Checking" />}
          </Group>
          {names.length > 0 && (
            <Button size="compact-sm" variant="subtle" color="gray" onClick={onClear}>
              Clear
            </Button>
          )}
        </Group>
        {names.length === 0 ? (
          <Text c="dimmed" size="sm">
            Nothing yet. Tick databases, tables or views; what they need beside them is checked as you go.
          </Text>
        ) : (
          <>
            <Stack gap={2}>
              {names.map((name) => (
                <Text size="sm" key={name} style={{ overflowWrap: 'anywhere' }}>
                  {name}
                </Text>
              ))}
              {more > 0 && (
                <Text size="sm" c="dimmed">
                  and {formatCount(more)} more
                </Text>
              )}
            </Stack>
            {totals !== null && (
              <Text size="sm" c="dimmed" className="tabular">
                {plural(totals.tables, 'table')} · {exact ? '' : '≈ '}
                {plural(totals.rows, 'row')} · {formatBytes(totals.bytes)}
              </Text>
            )}
            {carried.length > 0 && (
              <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                Comes along:{' '}
                {carried
                  .slice(0, 5)
                  .map((object) => `${KIND_WORD[object.kind]} ${shortName(object.name)}`)
                  .join(', ')}
                {carried.length > 5 ? ` and ${formatCount(carried.length - 5)} more` : ''}
              </Text>
            )}
            {leftOut.length > 0 && (
              <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                Not included:{' '}
                {leftOut
                  .slice(0, 5)
                  .map((object) => `${object.leftOut.join(', ')} of ${shortName(object.name)}`)
                  .join('; ')}
                {leftOut.length > 5 ? ` and more of ${formatCount(leftOut.length - 5)} others` : ''}
              </Text>
            )}
          </>
        )}
      </Stack>
    </Card>
  );
}

/** The first names of what is ticked, and how many there are beside. */
function namesOf(
  targets: Targets,
  wholeDatabase: (database: string) => string,
): { names: string[]; more: number } {
  const all = targets.kind === 'databases' ? targets.names : targets.patterns;
  const names = all.slice(0, SHOWN).map((each) => {
    if (typeof each === 'string') return wholeDatabase(each);
    const { database, schema, name } = each;
    return schema === null || name === null ? wholeDatabase(database) : printName({ database, schema, name });
  });
  return { names, more: all.length - names.length };
}
