import type { JobId } from './job.ts';
import type { PickedTask } from './ledger.ts';

const ATTEMPTS_KEPT = 4;

/** What the attempts share that this process works for: thousands of tasks read the same. Each claim of a job may change it. */
export class SharedContexts {
  readonly #read: (job: JobId, attempt: number) => Promise<unknown>;
  /** Latest last. */
  readonly #kept = new Map<string, Promise<unknown>>();

  constructor(read: (job: JobId, attempt: number) => Promise<unknown>) {
    this.#read = read;
  }

  of({ jobId, attempt, epoch }: PickedTask): Promise<unknown> {
    const key = `${jobId} ${attempt} ${epoch}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(jobId, attempt);
    this.#kept.set(key, reading);
    reading.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > ATTEMPTS_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return reading;
  }
}
