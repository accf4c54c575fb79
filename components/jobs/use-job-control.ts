'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTRPC } from '../trpc.ts';

/** Asks a job to pause, to resume, to cancel; what any page shows of jobs is asked for anew then. */
export function useJobControl() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const onSuccess = () => void queryClient.invalidateQueries(trpc.jobs.pathFilter());
  return {
    pause: useMutation(trpc.jobs.pause.mutationOptions({ onSuccess })),
    resume: useMutation(trpc.jobs.resume.mutationOptions({ onSuccess })),
    cancel: useMutation(trpc.jobs.cancel.mutationOptions({ onSuccess })),
  };
}
