'use client';
import { useSubscription } from '@trpc/tanstack-react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { isFinal } from '../../server/jobs/job.ts';
import { reportError } from '../connection.ts';
import { isSessionEnded, useTRPC } from '../trpc.ts';
import type { JobStreamSnapshot } from './stream.ts';
import { JobStream } from './stream.ts';

export type StreamStatus = 'connecting' | 'live' | 'reconnecting' | 'ended';

/** How long after a refused connection the next is tried, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * A job's events, live. A dropped connection is taken up again by tRPC with the number of the last event; one that
 * was refused (a proxy's 502, a console that starts again) is taken up here, likewise. For one job: key the
 * component by its id.
 */
export function useJobStream(id: string): JobStreamSnapshot & { status: StreamStatus } {
  const trpc = useTRPC();
  const [stream] = useState(() => new JobStream());
  const [after, setAfter] = useState(0);
  const subscription = useSubscription(
    trpc.jobs.watch.subscriptionOptions(
      { id, lastEventId: after },
      { onData: ({ data }) => void stream.take(data), onError: reportError },
    ),
  );
  const snapshot = useSyncExternalStore(stream.subscribe, stream.snapshot, stream.snapshot);

  const { status, error, reset } = subscription;
  const ended = snapshot.state !== null && isFinal(snapshot.state);
  // A stream that closes in good order before the job has ended is a console that shuts down.
  const dropped = !isSessionEnded(error) && (status === 'error' || (status === 'idle' && !ended));
  useEffect(() => {
    if (!dropped) return;
    const timer = setTimeout(() => {
      if (stream.lastSeq === after) reset();
      else setAfter(stream.lastSeq);
    }, RETRY_MS);
    return () => clearTimeout(timer);
  }, [dropped, after, reset, stream]);

  return { ...snapshot, status: ended ? 'ended' : streamStatus(status, snapshot.lastSeq > 0) };
}

function streamStatus(status: 'idle' | 'connecting' | 'pending' | 'error', had: boolean): StreamStatus {
  switch (status) {
    case 'pending':
      return 'live';
    case 'idle':
    case 'error':
      return 'reconnecting';
    case 'connecting':
      return had ? 'reconnecting' : 'connecting';
  }
}
