import type { ClusterInfo } from '../cluster/cluster.ts';
import { withPatience } from '../cluster/patience.ts';
import { HoldfastError } from '../errors.ts';

/** A page that lists clusters waits for each of them no longer than this. */
const PATIENCE_MS = 5_000;
/** How long an answer that came too late for whoever asked is good for the next one. */
const LATE_GOOD_MS = 30_000;

interface Question {
  url: string;
  answer: Promise<ClusterInfo>;
  /** When the answer came; null while it is out. */
  answeredAt: number | null;
  /** Somebody gave up waiting for it. */
  late: boolean;
}

/**
 * Asks clusters what they are without letting one that is silent hold up a page: who asks at the same time shares the
 * question, waits a few seconds at most, and gets a late answer with the next question.
 */
export class ClusterAnswers {
  readonly #questions = new Map<string, Question>();
  readonly #now: () => number;
  readonly #patience: number;

  constructor(now: () => number = Date.now, patience = PATIENCE_MS) {
    this.#now = now;
    this.#patience = patience;
  }

  /** What the cluster registered under that name and URL says. Throws `cluster-unavailable` when it takes too long. */
  ask(name: string, url: string, describe: () => Promise<ClusterInfo>): Promise<ClusterInfo> {
    const question = this.#shared(name, url) ?? this.#begin(name, url, describe);
    return withPatience(question.answer, this.#patience, () => {
      question.late = true;
      return new HoldfastError(
        'cluster-unavailable',
        `cluster "${name}" has not answered within ${Math.round(this.#patience / 1000)} seconds`,
        { hint: 'Check that it runs and that its address can be reached from here.' },
      );
    });
  }

  #shared(name: string, url: string): Question | null {
    const known = this.#questions.get(name);
    if (known === undefined || known.url !== url) return null;
    if (known.answeredAt === null) return known;
    return known.late && this.#now() - known.answeredAt < LATE_GOOD_MS ? known : null;
  }

  #begin(name: string, url: string, describe: () => Promise<ClusterInfo>): Question {
    const question: Question = { url, answer: describe(), answeredAt: null, late: false };
    this.#questions.set(name, question);
    const settled = () => (question.answeredAt = this.#now());
    question.answer.then(settled, settled);
    return question;
  }
}
