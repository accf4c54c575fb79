import { isSessionEnded, isUnreachable } from './trpc.ts';

/**
 * What the tab knows about its console, fed by every query's outcome: reachable or not, and whether the session
 * still holds. A small store of its own, because it must outlive pages and be read by the shell alone.
 */
export type Connection = 'ok' | 'unreachable' | 'session-ended';

let current: Connection = 'ok';
const listeners = new Set<() => void>();

function set(next: Connection) {
  if (current === next) return;
  current = next;
  for (const listener of listeners) listener();
}

export function reportAnswer() {
  if (current === 'unreachable') set('ok');
}

export function reportError(error: unknown) {
  if (isSessionEnded(error)) set('session-ended');
  else if (isUnreachable(error)) {
    if (current === 'ok') set('unreachable');
  } else reportAnswer();
}

export function subscribeConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function readConnection(): Connection {
  return current;
}
