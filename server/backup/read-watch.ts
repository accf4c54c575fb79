import type { Readable } from 'node:stream';
import { type Clock, repeat, type Repeating } from '../clock.ts';
import type { NodeId, TurnWait } from '../cluster/cluster.ts';
import type { HoldfastError } from '../errors.ts';

/** How long a read may hand out nothing, and what is said then. */
export interface ReadPatience {
  clock: Clock;
  /** In milliseconds. */
  ms: number;
  late: (node: NodeId) => HoldfastError;
}

/** So many times in its patience a read is looked at. */
const LOOKS = 10;

/**
 * Breaks off a task's reads once one hands out nothing for too long: a connection that is neither alive nor dead would keep the
 * task for ever. Only what the cluster takes counts, not what the task waits for its turn or for where its rows go.
 */
export class ReadWatch {
  readonly #patience: ReadPatience;
  readonly #late = new AbortController();
  readonly #signal: AbortSignal;
  readonly #looking: Repeating;
  /** Which node is waited for, and since when; null while none is. */
  #waits: { node: NodeId; since: number } | null = null;

  /** `signal`: what ends the reads otherwise. */
  constructor(patience: ReadPatience, signal: AbortSignal) {
    this.#patience = patience;
    this.#signal = AbortSignal.any([signal, this.#late.signal]);
    this.#looking = repeat(patience.clock, patience.ms / LOOKS, async () => this.#look());
  }

  /** What a read hands out. Throws what `open` and its stream do, or `late`. */
  async *read(
    node: NodeId,
    open: (signal: AbortSignal, turn: TurnWait) => Promise<Readable>,
  ): AsyncGenerator<Buffer, void> {
    this.#wait(node);
    try {
      const opening = open(this.#signal, async (turn) => {
        this.#waits = null;
        try {
          return await turn;
        } finally {
          this.#wait(node);
        }
      });
      for await (const chunk of await this.#inTime(opening)) {
        this.#waits = null;
        yield chunk as Buffer;
        this.#wait(node);
      }
    } finally {
      this.#waits = null;
    }
  }

  stop(): Promise<void> {
    return this.#looking.stop();
  }

  #wait(node: NodeId): void {
    this.#waits = { node, since: this.#patience.clock.elapsed() };
  }

  #look(): void {
    const { clock, ms, late } = this.#patience;
    if (this.#waits !== null && clock.elapsed() - this.#waits.since >= ms)
      this.#late.abort(late(this.#waits.node));
  }

  /** The stream, unless it is too late before: then it is of no use when it comes. */
  async #inTime(opening: Promise<Readable>): Promise<Readable> {
    const { signal } = this.#late;
    let over: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      over = () => reject(signal.reason as Error);
      signal.addEventListener('abort', over, { once: true });
    });
    try {
      return await Promise.race([opening, late]);
    } catch (error) {
      opening.then(
        (stream) => stream.on('error', () => undefined).destroy(),
        () => undefined,
      );
      throw error;
    } finally {
      signal.removeEventListener('abort', over);
    }
  }
}
