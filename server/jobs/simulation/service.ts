import type { Link } from './installation.ts';
import type { Process } from './process.ts';
import type { Timeline } from './timeline.ts';

/** What becomes of a call: it is done, or fails; and what is done may not be answered, but fail all the same. */
export interface Luck {
  /** Milliseconds until it is done, and from then until it is answered. */
  there: number;
  back: number;
  refused: Error | null;
  unanswered: Error | null;
}

/** Something that processes call, and that is none itself: the metadata store, the storage, the source. */
export interface Service {
  name: string;
  luck(process: Process, what: string): Luck;
}

/** Calls of processes to services, each of which may be the last thing that its process does. */
export class Calls {
  readonly #timeline: Timeline;
  /** Told after each: a process may be killed here, and invariants be looked at. */
  readonly #after: (process: Process, service: Service, what: string) => void;

  constructor(timeline: Timeline, after: (process: Process, service: Service, what: string) => void) {
    this.#timeline = timeline;
    this.#after = after;
  }

  /**
   * Does something at a service for a process. When the process dies before it is done, chance has it done all the same, or not. A
   * signal that aborts has it not done, if that is still to come, and fails with its reason.
   */
  call<T>(process: Process, service: Service, what: string, work: () => T, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timeline = this.#timeline;
      const line = `${process.name} ${service.name}: ${what}`;
      const { there } = service.luck(process, what);
      const abort = () => {
        cancel();
        reject(signal?.reason as Error);
      };
      const cancel = timeline.after(there, line, () => {
        signal?.removeEventListener('abort', abort);
        if (!process.alive && timeline.chance.happens(0.5)) {
          timeline.note(`${line}: lost`);
          return;
        }
        const { refused, unanswered, back } = service.luck(process, what);
        const answer = refused !== null ? failing(refused) : done(work);
        const told = answer.ok && unanswered !== null ? failing(unanswered) : answer;
        if (!told.ok) timeline.note(`${line}: ${answer.ok ? 'done, but ' : ''}${told.error.message}`);
        this.#after(process, service, what);
        const settle = () => (told.ok ? resolve(told.value) : reject(told.error));
        if (back > 0) timeline.after(back, `is answered ${what}`, settle, process);
        else if (process.alive && process.frozenUntil <= timeline.now) settle();
        else timeline.after(0, `is answered ${what}`, settle, process);
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** The process's way to an installation, through the service that it is on. */
  link(process: Process, service: Service): Link {
    return { transact: (what, work) => this.call(process, service, what, work) };
  }
}

type Outcome<T> = { ok: true; value: T } | { ok: false; error: Error };

function failing(error: Error): { ok: false; error: Error } {
  return { ok: false, error };
}

function done<T>(work: () => T): Outcome<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    return failing(error instanceof Error ? error : new Error(String(error)));
  }
}
