'use client';
import { Badge } from '@mantine/core';
import {
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleCheck,
  IconClockExclamation,
  IconHelpCircle,
  IconPuzzle,
  IconShieldOff,
  IconShieldQuestion,
} from '@tabler/icons-react';
import type { Level } from '../../server/restore/readiness/verdict.ts';

export const LEVEL_LOOKS: Record<Level, { color: string; icon: typeof IconCircleCheck }> = {
  lost: { color: 'red', icon: IconAlertOctagon },
  unprotected: { color: 'red', icon: IconShieldOff },
  'at-risk': { color: 'red', icon: IconAlertTriangle },
  incomplete: { color: 'orange', icon: IconPuzzle },
  due: { color: 'yellow', icon: IconClockExclamation },
  unknown: { color: 'gray', icon: IconHelpCircle },
  unproven: { color: 'yellow', icon: IconShieldQuestion },
  ready: { color: 'green', icon: IconCircleCheck },
};

/** A verdict in colour, sign and words: the words alone are enough. */
export function VerdictBadge({ level, children }: { level: Level; children: string }) {
  const { color, icon: Icon } = LEVEL_LOOKS[level];
  return (
    <Badge color={color} size="lg" leftSection={<Icon size={16} aria-hidden />} data-level={level}>
      {children}
    </Badge>
  );
}
