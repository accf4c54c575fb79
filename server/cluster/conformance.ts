import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changingConformance } from './conformance-changing.ts';
import { type ConformanceSubject, FIXTURE, Lab, named } from './conformance-lab.ts';
import { readingConformance } from './conformance-reading.ts';
import { restoringConformance } from './conformance-restoring.ts';
import { usersConformance } from './conformance-users.ts';
import { atMoment, containing, describeTable, linesOf, never } from './conformance-tools.ts';

/**
 * What every adapter of the Cluster port must do, on a live cluster. SQL in here is what PostgreSQL and CockroachDB
 * both speak. `open` is called once; the suite makes databases of its own and drops them.
 */
export function clusterConformance(kind: string, open: () => Promise<ConformanceSubject>): void {
  describe(`${kind} as a cluster`, () => {
    const lab = new Lab();
    beforeAll(async () => lab.open(await open()));
    afterAll(() => lab.close());

    readingConformance(kind, lab);
    changingConformance(lab);
    restoringConformance(lab);
    usersConformance(lab);

    describe('writing refused', () => {
      it('names what does not exist', async () => {
        const database = await lab.freshDatabase(FIXTURE);
        const missing = { code: 'undefined-database', message: containing('no such db') };
        await expect(lab.cluster.runDdl('no such db', ['SELECT 1'], never)).rejects.toMatchObject(missing);
        const gone = named(database, 'gone');
        const undefinedObject = { code: 'undefined-object', message: containing('gone') };
        await expect(lab.cluster.setSequence(database, gone, '1', true)).rejects.toMatchObject(
          undefinedObject,
        );
        await atMoment(lab.cluster, [database], async (at) => {
          const table = await describeTable(lab.cluster, named(database, 'nothing'), at);
          await expect(
            lab.cluster.load(database, { ...table, name: gone }, linesOf(['1']), never),
          ).rejects.toMatchObject(undefinedObject);
        });
      });
    });
  });
}
