import { Readable } from 'node:stream';
import type { StoreError } from './store.ts';

/** The body of an answer, whose errors are told as `explain` has them; one that just stops is an error too. */
export class AnsweredBody extends Readable {
  readonly #source: Readable;

  constructor(source: Readable, explain: (error: unknown) => StoreError) {
    super();
    this.#source = source;
    source.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) source.pause();
    });
    source.once('end', () => this.push(null));
    source.on('error', (error: unknown) => this.destroy(explain(error)));
    source.once('close', () => {
      if (!source.readableEnded) this.destroy(explain(new Error('aborted')));
    });
    source.pause();
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.destroy();
    done(error);
  }
}
