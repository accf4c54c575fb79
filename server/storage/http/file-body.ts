import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { said } from '../said.ts';
import { explain } from './exchange.ts';

export interface Cut {
  /** Bytes before the first one that is wanted. */
  skip: number;
  /** How many are wanted; null: all that come. */
  length: number | null;
  /** Fewer than `length` means that the connection broke off. */
  surely: boolean;
}

/** The bytes of an answer as a store hands them out: errors are StoreErrors, and what it says to have it has. */
export function fileBody(source: Readable, name: string, cut: Cut): Readable {
  const body = new FileBody(source, name, cut);
  source.on('error', (error) => body.destroy(explain(error, name)));
  body.once('close', () => source.destroy());
  return source.pipe(body);
}

class FileBody extends Transform {
  readonly #source: Readable;
  readonly #name: string;
  readonly #surely: boolean;
  #skip: number;
  #left: number;

  constructor(source: Readable, name: string, { skip, length, surely }: Cut) {
    super();
    this.#source = source;
    this.#name = name;
    this.#skip = skip;
    this.#left = length ?? Infinity;
    this.#surely = surely;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const from = Math.min(this.#skip, chunk.length);
    this.#skip -= from;
    const wanted = chunk.subarray(from, from + this.#left);
    this.#left -= wanted.length;
    if (wanted.length > 0) this.push(wanted);
    if (this.#left === 0) {
      this.#source.unpipe(this);
      this.end();
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    const short = this.#surely && this.#left > 0 && this.#left < Infinity;
    done(short ? said('transient', 'the connection was closed before its end', this.#name) : null);
  }
}
