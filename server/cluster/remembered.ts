/** Answers that are remembered: enough for the jobs that run at once. */
const MOST = 16;

/** Answers that never change, each asked for once; the first of many are forgotten, and those that failed. */
export class Remembered<T> {
  readonly #answers = new Map<string, Promise<T>>();

  of(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const asked = ask();
    this.#answers.set(key, asked);
    asked.catch(() => this.#answers.delete(key));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MOST && oldest !== undefined) this.#answers.delete(oldest);
    return asked;
  }
}
