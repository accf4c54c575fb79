'use client';
import { useMemo } from 'react';
import type { Picked } from '../selection/picked.ts';
import { spellOut } from './model.ts';
import type { TreeDatabase } from './model.ts';

/** `spellOut`, the same object as long as neither the ticks nor what is known of the databases change. */
export function useSpelledOut(picked: Picked, databases: readonly TreeDatabase[]): Picked {
  // The list is made anew with each render; what it says changes only when a catalog arrives.
  const known = databases
    .map(({ name, content }) => `${name}\n${content.status === 'loaded' ? content.objects.length : -1}`)
    .join('\n\n');
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `known` stands for `databases`
  return useMemo(() => spellOut(picked, databases), [picked, known]);
}
