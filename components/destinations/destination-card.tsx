'use client';
import { Alert, Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconPencil,
  IconPlugConnected,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';
import { CopyableCode } from '../ui/copyable-code.tsx';
import { Age } from '../ui/figures.tsx';
import { DestinationFormModal } from './destination-form.tsx';
import type { SavedDestination } from './form-values.ts';
import { RemoveDestination } from './remove-destination.tsx';
import { TestSteps } from './test-steps.tsx';
import type { useSavedTests } from './use-saved-tests.ts';
import { hasWarning, KIND_NAME, kindOf, loginName } from './words.ts';

/** One saved destination: where it is, what logs in there, and what the last test found. */
export function DestinationCard({
  destination,
  tests,
}: {
  destination: SavedDestination;
  tests: ReturnType<typeof useSavedTests>;
}) {
  const { id, name, url, login, lastTest } = destination;
  const [changing, change] = useDisclosure(false);
  const [removing, remove] = useDisclosure(false);
  const [asked, setAsked] = useState(false);
  const kind = kindOf(url);
  const problem = tests.problemOf(id);
  const running = tests.isRunning(id);
  // What went wrong stays in sight; what went well, when it was asked for.
  const shown = lastTest !== null && (asked || !lastTest.report.ok || hasWarning(lastTest.report));
  return (
    <Card component="section" aria-label={`Destination ${name}`}>
      <Stack gap="md">
        <Group justify="space-between" gap="sm">
          <Group gap="sm">
            <Title order={2} style={{ overflowWrap: 'anywhere' }}>
              {name}
            </Title>
            <Outcome lastTest={lastTest} />
          </Group>
          <Group gap="xs">
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlugConnected size={14} aria-hidden />}
              loading={running}
              onClick={() => {
                setAsked(true);
                tests.run(id);
              }}
              aria-label={`Test ${name}`}
            >
              Test
            </Button>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPencil size={14} aria-hidden />}
              onClick={change.open}
              aria-label={`Change ${name}`}
            >
              Change
            </Button>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconTrash size={14} aria-hidden />}
              onClick={remove.open}
              aria-label={`Remove ${name}`}
            >
              Remove
            </Button>
          </Group>
        </Group>
        <Text size="sm">
          {KIND_NAME[kind]}
          {login !== 'none' && ` · ${loginName(kind, login)}`}
          {lastTest !== null && (
            <>
              {' · tested '}
              <Age at={lastTest.at} />
            </>
          )}
        </Text>
        <CopyableCode value={url} label={`URL of ${name}`} />
        {shown && <TestSteps url={url} report={lastTest.report} />}
        {problem !== null && (
          <Alert color="red" role="alert" icon={<IconAlertTriangle />} title={problem.message}>
            {problem.hint}
          </Alert>
        )}
      </Stack>
      <DestinationFormModal
        opened={changing}
        saved={destination}
        onClose={change.close}
        onSaved={(changed) => {
          change.close();
          // What was found out doesn't hold any more.
          if (changed.lastTest === null) tests.run(id);
        }}
      />
      <RemoveDestination destination={destination} opened={removing} onClose={remove.close} />
    </Card>
  );
}

function Outcome({ lastTest }: Pick<SavedDestination, 'lastTest'>) {
  if (lastTest === null) return <Badge color="gray">not tested</Badge>;
  if (!lastTest.report.ok) {
    return (
      <Badge color="red" leftSection={<IconCircleX size={14} aria-hidden />}>
        test failed
      </Badge>
    );
  }
  return hasWarning(lastTest.report) ? (
    <Badge color="yellow" leftSection={<IconAlertTriangle size={14} aria-hidden />}>
      works, can’t remove
    </Badge>
  ) : (
    <Badge color="green" leftSection={<IconCircleCheck size={14} aria-hidden />}>
      works
    </Badge>
  );
}
