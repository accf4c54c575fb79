/** How long answers are good for, in milliseconds. */
export interface Goodness<T> {
  (answer: T): number;
}

interface Question<T> {
  answer: Promise<T>;
  /** Until when the answer counts; null while it is out. */
  goodUntil: number | null;
}

/**
 * Answers to questions, each asked once at a time and remembered for a while: whoever comes too early for an answer that takes long
 * finds it the next time. Never more than so many of them.
 */
export class Asked<T> {
  readonly #questions = new Map<string, Question<T>>();
  readonly #good: Goodness<T>;
  readonly #now: () => number;
  readonly #most: number;

  constructor(good: Goodness<T>, now: () => number, most: number) {
    this.#good = good;
    this.#now = now;
    this.#most = most;
  }

  /** `ask` must not reject. */
  of(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#questions.get(key);
    if (known !== undefined && (known.goodUntil === null || known.goodUntil > this.#now()))
      return known.answer;
    const question: Question<T> = { answer: ask(), goodUntil: null };
    this.#questions.delete(key);
    this.#questions.set(key, question);
    void question.answer.then((answer) => {
      question.goodUntil = this.#now() + this.#good(answer);
    });
    this.#tidy();
    return question.answer;
  }

  /** Forgets what was asked the longest ago, but no question that is out: that would be asked twice. */
  #tidy(): void {
    if (this.#questions.size <= this.#most) return;
    for (const [key, { goodUntil }] of this.#questions) {
      if (goodUntil !== null) this.#questions.delete(key);
      if (this.#questions.size <= this.#most) return;
    }
  }
}
