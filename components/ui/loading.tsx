'use client';
import { Skeleton } from '@mantine/core';

/** Holds the place of what is still on its way, `h` high, and says what that is. */
export function Loading({ h, label }: { h: number | string; label: string }) {
  // With a role: a label alone is none on an element without one.
  return <Skeleton h={h} radius="md" role="status" aria-busy aria-label={label} />;
}
