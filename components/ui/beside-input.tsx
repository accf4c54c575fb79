'use client';
import { Group } from '@mantine/core';
import type { ReactNode } from 'react';

/** For an input's `inputContainer`: what is done with it stands beside the input, below it where there is no room. */
export function BesideInput({ input, children }: { input: ReactNode; children: ReactNode }) {
  return (
    <Group gap="sm" align="flex-end">
      <div style={{ flex: '1 1 220px', minWidth: 0 }}>{input}</div>
      {children}
    </Group>
  );
}
