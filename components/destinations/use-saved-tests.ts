'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { describeError, useTRPC } from '../trpc.ts';

interface Problem {
  message: string;
  hint: string | null;
}

/** Tests of saved destinations, several at once if need be: which are under way, and why one came to nothing. */
export function useSavedTests(): {
  isRunning: (id: string) => boolean;
  problemOf: (id: string) => Problem | null;
  run: (id: string) => void;
} {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const test = useMutation(trpc.destinations.test.mutationOptions());
  const [running, setRunning] = useState<ReadonlySet<string>>(new Set());
  const [problems, setProblems] = useState<ReadonlyMap<string, Problem>>(new Map());

  async function run(id: string): Promise<void> {
    setRunning((before) => new Set(before).add(id));
    const problem = await test.mutateAsync({ kind: 'saved', id }).then(
      (answer) => (answer.status === 'refused' ? answer.problem : null),
      (error: Error) => describeError(error),
    );
    setProblems((before) => {
      const next = new Map(before);
      if (problem === null) next.delete(id);
      else next.set(id, problem);
      return next;
    });
    await queryClient.invalidateQueries(trpc.destinations.list.pathFilter());
    setRunning((before) => new Set([...before].filter((each) => each !== id)));
  }

  return {
    isRunning: (id) => running.has(id),
    problemOf: (id) => problems.get(id) ?? null,
    run: (id) => void run(id),
  };
}
