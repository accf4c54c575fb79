'use client';
import { useCallback, useState } from 'react';
import type { z } from 'zod';

/**
 * State that a reload of the tab keeps. For components that exist in the browser only. What doesn't match the
 * schema (an older version's) counts as absent.
 */
export function useSessionState<T>(
  key: string,
  schema: z.ZodType<T>,
  initial: T,
  /** What of it may be kept: `sessionStorage` is no place for secrets. */
  kept: (value: T) => T = whole,
): readonly [T, (change: (before: T) => T) => void, () => void] {
  const [value, setValue] = useState<T>(() => read(key, schema) ?? initial);
  const change = useCallback(
    (update: (before: T) => T) => {
      setValue((before) => {
        const next = update(before);
        putSessionState(key, kept(next));
        return next;
      });
    },
    [key, kept],
  );
  const forget = useCallback(() => sessionStorage.removeItem(key), [key]);
  return [value, change, forget];
}

function whole<T>(value: T): T {
  return value;
}

function read<T>(key: string, schema: z.ZodType<T>): T | null {
  const text = sessionStorage.getItem(key);
  if (text === null) return null;
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

/** Puts such a state in place before the component that has it is there. */
export function putSessionState(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Over the browser's quota (a selection of some hundred thousand names): the page goes on without surviving a
    // reload, and what an earlier selection left must not come back instead.
    sessionStorage.removeItem(key);
  }
}
