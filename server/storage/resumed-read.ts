import { Readable } from 'node:stream';
import { messageOf } from '../errors.ts';
import { isTransient, retry, waitAfter } from './retry.ts';
import { StoreError, type Store } from './store.ts';
import type { Tuning } from './tuning.ts';

interface Reading {
  name: string;
  /** Inclusive; null for all of it. */
  range: { start: number; end: number } | null;
  /** The stream that the read began with. */
  first: Readable;
}

/**
 * A file's bytes, read on from where they were when the connection breaks off or hangs. Files never change once they are
 * there, so that what comes later belongs to what came before. Gives up, with the store's error, when there is no progress
 * in as many attempts as the policy has. A reader that is slow is no stall: the clock runs only while bytes are waited for.
 */
export class ResumedRead extends Readable {
  readonly #store: Store;
  readonly #reading: Reading;
  readonly #tuning: Tuning;
  #source: Readable;
  /** Of the next byte to come. */
  #position: number;
  /** Failures since the last byte. */
  #failures = 0;
  /** Between a failure and the stream that goes on after it. */
  #resuming = false;
  #stall: NodeJS.Timeout | null = null;

  constructor(store: Store, reading: Reading, tuning: Tuning) {
    super();
    this.#store = store;
    this.#reading = reading;
    this.#tuning = tuning;
    this.#position = reading.range?.start ?? 0;
    this.#source = reading.first;
    this.#follow(reading.first);
    reading.first.pause();
  }

  override _read(): void {
    if (this.#resuming) return;
    this.#expectBytes();
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#expectNothing();
    this.#source.destroy();
    done(error);
  }

  #follow(source: Readable): void {
    this.#source = source;
    let ended = false;
    source.on('data', (chunk: Buffer) => {
      this.#position += chunk.length;
      this.#failures = 0;
      if (this.push(chunk)) this.#expectBytes();
      else {
        this.#expectNothing();
        source.pause();
      }
    });
    source.once('end', () => {
      ended = true;
      this.#expectNothing();
      this.push(null);
    });
    // Also of a source that was given up, which may fail again.
    source.on('error', (error: unknown) => {
      if (source === this.#source) void this.#resume(error);
    });
    source.once('close', () => {
      if (!ended && source === this.#source && source.errored === null) void this.#resume(this.#cutOff());
    });
  }

  async #resume(error: unknown): Promise<void> {
    if (this.destroyed || this.#resuming) return;
    this.#resuming = true;
    this.#expectNothing();
    const given = this.#source;
    given.destroy();
    const { retry: policy } = this.#tuning;
    this.#failures++;
    if (!isTransient(error) || this.#failures >= policy.attempts) {
      this.destroy(error instanceof Error ? error : new Error(messageOf(error)));
      return;
    }
    try {
      await policy.sleep(waitAfter(this.#failures, error, policy));
      const rest = await this.#rest();
      this.#resuming = false;
      if (this.destroyed) rest?.destroy();
      else if (rest === null) this.push(null);
      else {
        this.#follow(rest);
        this.#expectBytes();
      }
    } catch (failure) {
      this.destroy(failure as Error);
    }
  }

  /** What is still to come; null: nothing, it broke off after the last byte. */
  async #rest(): Promise<Readable | null> {
    const { name, range } = this.#reading;
    const { bytes } = await retry(() => this.#store.stat(name), this.#tuning.retry);
    const end = Math.min(range?.end ?? Infinity, bytes - 1);
    if (this.#position > end) return null;
    return retry(() => this.#store.get(name, { start: this.#position, end }), this.#tuning.retry);
  }

  #expectBytes(): void {
    this.#expectNothing();
    const { stallMs } = this.#tuning;
    this.#stall = setTimeout(() => {
      const { name } = this.#reading;
      const message = `${name}: no byte of it came for ${Math.round(stallMs / 1000)} s`;
      void this.#resume(new StoreError('transient', message, name));
    }, stallMs);
  }

  #expectNothing(): void {
    if (this.#stall !== null) clearTimeout(this.#stall);
    this.#stall = null;
  }

  #cutOff(): StoreError {
    const { name } = this.#reading;
    return new StoreError('transient', `${name}: the connection was closed before its end`, name);
  }
}
