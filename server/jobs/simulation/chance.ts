import { below, hash } from '../../cluster/simulated/random.ts';

/** Random numbers one after the other, the same ones for the same seed. */
export class Chance {
  readonly #seed: number;
  #drawn = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    return hash(this.#seed, ++this.#drawn) / 2 ** 32;
  }

  /** Whether what happens with that share (0 to 1) does now. */
  happens(share: number): boolean {
    return share > 0 && this.next() < share;
  }

  /** An integer, both ends included. */
  between(least: number, most: number): number {
    return least + below(most - least + 1, this.next() * 2 ** 32);
  }

  /** As often small as large: 1 to 10 comes as often as 10 to 100. Both are above 0. */
  scale(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  of<T>(values: readonly [T, ...T[]]): T {
    return values[this.between(0, values.length - 1)] ?? values[0];
  }
}
