'use client';
import { Alert, Box, Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlus } from '@tabler/icons-react';
import type { MissingDependency } from '../../server/backup/selection.ts';
import type { DependencyKind } from '../../server/cluster/descriptor.ts';
import { nameKey, printName } from '../../server/cluster/names.ts';
import type { ObjectName } from '../../server/cluster/names.ts';
import { plural } from '../format.ts';
import { KIND_WORD } from '../ui/kind.tsx';
import { shortName } from './catalog.ts';

const BECAUSE: Record<DependencyKind, string> = {
  'foreign-key': 'foreign key',
  view: 'reads from it:',
  interleave: 'interleaved in it:',
  sequence: 'takes values from it:',
  type: 'uses the type:',
  inheritance: 'is a partition or a child of it:',
  function: 'calls it:',
  policy: 'reads it for row-level security:',
};

/** The missing objects, each once, with everything that needs it. */
function byMissing(missing: readonly MissingDependency[]) {
  const groups = new Map<string, { on: ObjectName; needs: MissingDependency[] }>();
  for (const each of missing) {
    const key = nameKey(each.dependency.on);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { on: each.dependency.on, needs: [each] });
    else group.needs.push(each);
  }
  return [...groups.values()];
}

/** Missing objects, and for each the objects that need it, that are listed; the rest are counted. */
const SHOWN = 8;
const NEEDS_SHOWN = 3;

/**
 * Objects that the chosen ones need and that are not chosen: who needs them, why, what it means, and a click to
 * add them. `canAdd` says whether there is something to add (it may be in no catalog, or not in the backup).
 */
export function MissingAlert({
  missing,
  canAdd,
  onAdd,
  onAddAll,
}: {
  missing: readonly MissingDependency[];
  canAdd: (missing: MissingDependency) => boolean;
  onAdd: (name: ObjectName) => void;
  onAddAll: (names: ObjectName[]) => void;
}) {
  if (missing.length === 0) return null;
  const groups = byMissing(missing);
  const addable = groups.filter((group) => group.needs.some(canAdd));
  return (
    <Alert
      color="yellow"
      role="alert"
      icon={<IconAlertTriangle />}
      title={`${plural(groups.length, 'object')} missing that your choice needs`}
    >
      <Stack gap="md">
        {groups.slice(0, SHOWN).map(({ on, needs }) => (
          <Missing key={nameKey(on)} on={on} needs={needs} onAdd={needs.some(canAdd) ? onAdd : null} />
        ))}
        {groups.length > SHOWN && (
          <Text size="sm">…and {plural(groups.length - SHOWN, 'more', 'more')}.</Text>
        )}
        {addable.length > 1 && (
          <Group>
            <Button
              size="xs"
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() => onAddAll(addable.map(({ on }) => on))}
            >
              Add all
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

function Missing({
  on,
  needs,
  onAdd,
}: {
  on: ObjectName;
  needs: readonly MissingDependency[];
  onAdd: ((name: ObjectName) => void) | null;
}) {
  const kind = needs[0]?.dependsOnKind ?? null;
  return (
    <Box>
      <Group justify="space-between" gap="xs" align="flex-start">
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }} title={printName(on)}>
          {shortName(on)}
          {kind !== null && (
            <Text span size="sm" fw={400}>
              {' '}
              ({KIND_WORD[kind]})
            </Text>
          )}
        </Text>
        {onAdd !== null && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPlus size={12} aria-hidden />}
            onClick={() => onAdd(on)}
            aria-label={`Add ${shortName(on)}`}
          >
            Add
          </Button>
        )}
      </Group>
      {needs.slice(0, NEEDS_SHOWN).map((each) => (
        <Box key={nameKey(each.object) + each.dependency.kind} mt={4} style={{ overflowWrap: 'anywhere' }}>
          <Text size="sm">
            needed by <b>{shortName(each.object)}</b>: {BECAUSE[each.dependency.kind]} {each.dependency.via}
          </Text>
          <Text size="xs">{each.consequence}</Text>
        </Box>
      ))}
      {needs.length > NEEDS_SHOWN && (
        <Text size="sm" mt={4}>
          and by {plural(needs.length - NEEDS_SHOWN, 'more', 'more')}
        </Text>
      )}
    </Box>
  );
}
