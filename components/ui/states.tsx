'use client';
import { Badge } from '@mantine/core';
import {
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRotate2,
} from '@tabler/icons-react';
import type { JobState } from '../../server/jobs/job.ts';

const LOOKS: Record<JobState, { color: string; icon: typeof IconClock; word: string }> = {
  pending: { color: 'gray', icon: IconClock, word: 'pending' },
  running: { color: 'blue', icon: IconPlayerPlay, word: 'running' },
  'pause-requested': { color: 'yellow', icon: IconPlayerPause, word: 'pausing' },
  resuming: { color: 'blue', icon: IconPlayerPlay, word: 'resuming' },
  paused: { color: 'yellow', icon: IconPlayerPause, word: 'paused' },
  'cancel-requested': { color: 'orange', icon: IconPlayerStop, word: 'canceling' },
  reverting: { color: 'orange', icon: IconRotate2, word: 'reverting' },
  canceled: { color: 'gray', icon: IconPlayerStop, word: 'canceled' },
  succeeded: { color: 'green', icon: IconCircleCheck, word: 'succeeded' },
  failed: { color: 'red', icon: IconCircleX, word: 'failed' },
};

/** A job's state in colour, sign and word: any one of them is enough. */
export function StateBadge({ state, size = 'md' }: { state: JobState; size?: 'md' | 'lg' }) {
  const { color, icon: Icon, word } = LOOKS[state];
  return (
    <Badge
      color={color}
      size={size}
      leftSection={<Icon size={size === 'lg' ? 16 : 14} aria-hidden />}
      role={size === 'lg' ? 'status' : undefined}
      data-state={state}
    >
      {word}
    </Badge>
  );
}
