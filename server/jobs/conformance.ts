import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { jobConformance } from './conformance-jobs.ts';
import { taskConformance } from './conformance-tasks.ts';
import { Desk, type LedgerSubject } from './conformance-tools.ts';

/** What the ledgers of jobs and tasks promise, wherever they are kept. `open` is called once; the suite begins each test with no jobs. */
export function ledgerConformance(kind: string, open: () => Promise<LedgerSubject>): void {
  describe(`${kind} as ledgers`, () => {
    const desk = new Desk();
    let subject: LedgerSubject;
    beforeAll(async () => {
      subject = await open();
    }, 120_000);
    beforeEach(() => desk.open(subject));
    afterAll(() => subject.close());

    jobConformance(desk);
    taskConformance(desk);
  });
}
