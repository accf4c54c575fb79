'use client';
import { Alert, Group, List, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleMinus, IconCircleX } from '@tabler/icons-react';
import type { ProbeReport, ProbeStep } from '../../server/storage/probe.ts';
import { formatDuration } from '../format.ts';
import { fieldMessage } from '../ui/errors.tsx';
import classes from './test-steps.module.css';
import { hasWarning, stepName, verdict } from './words.ts';

const LOOKS: Readonly<Record<ProbeStep['outcome'], { icon: typeof IconCircleCheck; word: string }>> = {
  ok: { icon: IconCircleCheck, word: 'worked' },
  warning: { icon: IconAlertTriangle, word: 'didn’t work' },
  failed: { icon: IconCircleX, word: 'failed' },
  skipped: { icon: IconCircleMinus, word: 'not tried' },
};

/** What a test of a place found, step by step, in words. */
export function TestSteps({ url, report }: { url: string; report: ProbeReport }) {
  const color = report.ok ? (hasWarning(report) ? 'yellow' : 'green') : 'red';
  const Icon = report.ok ? (hasWarning(report) ? IconAlertTriangle : IconCircleCheck) : IconCircleX;
  return (
    <Alert color={color} role="status" icon={<Icon />} title={verdict(report)}>
      <Stack gap="xs">
        <Text size="sm" className={classes.url}>
          Tested at {url}
        </Text>
        <List
          listStyleType="none"
          className={classes.steps}
          aria-label="Steps of the test"
          spacing={6}
          size="sm"
        >
          {report.steps.map((step) => (
            <Step key={step.step} step={step} />
          ))}
        </List>
      </Stack>
    </Alert>
  );
}

function Step({ step: { step, outcome, milliseconds, message, hint } }: { step: ProbeStep }) {
  const { icon: Icon, word } = LOOKS[outcome];
  return (
    <List.Item className={classes.step} data-outcome={outcome} data-step={step}>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Icon size={18} aria-hidden className={classes.icon} />
        <div className={classes.words}>
          <Text size="sm" component="span" fw={outcome === 'failed' ? 600 : undefined}>
            {stepName(step)}
          </Text>{' '}
          <Text size="sm" component="span" className={classes.aside}>
            {word}
            {outcome === 'skipped' ? '' : `, ${formatDuration(milliseconds)}`}
          </Text>
          {message !== null && <Text size="sm">{fieldMessage({ message: sentence(message), hint })}</Text>}
        </div>
      </Group>
    </List.Item>
  );
}

/** Messages go on from a place's name; here they stand alone. */
function sentence(message: string): string {
  return message.replace(/^[a-z](?![a-z]*:)/, (first) => first.toUpperCase());
}
