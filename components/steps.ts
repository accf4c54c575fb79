'use client';
import { useSearchParams } from 'next/navigation';
import { useCallback } from 'react';

/** A wizard's step, kept in the page's address: reload keeps it, the browser's Back goes one step back. */
export function useStep<Step extends string>(
  steps: readonly Step[],
  first: Step,
): readonly [Step, (step: Step, extra?: Record<string, string | null>) => void] {
  const params = useSearchParams();
  const asked = params.get('step');
  const step = steps.find((each) => each === asked) ?? first;
  const go = useCallback((next: Step, extra: Record<string, string | null> = {}) => {
    const query = new URLSearchParams(window.location.search);
    query.set('step', next);
    for (const [key, value] of Object.entries(extra)) {
      if (value === null) query.delete(key);
      else query.set(key, value);
    }
    window.history.pushState(null, '', `?${query.toString()}`);
    window.scrollTo({ top: 0 });
  }, []);
  return [step, go];
}
