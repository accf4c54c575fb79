import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HoldfastError } from '../errors.ts';
import { type ConformanceSubject, FIXTURE, Lab, named } from './conformance-lab.ts';
import { readingConformance } from './conformance-reading.ts';
import { restoringConformance } from './conformance-restoring.ts';
import { atMoment, describeTable, linesOf, never, rangesOf, containing } from './conformance-tools.ts';

/**
 * What every adapter of the Cluster port must do, on a live cluster. SQL in here is what PostgreSQL and CockroachDB
 * both speak. `open` is called once; the suite makes databases of its own and drops them.
 */
export function clusterConformance(kind: string, open: () => Promise<ConformanceSubject>): void {
  describe(`${kind} as a cluster`, () => {
    const lab = new Lab();
    beforeAll(async () => lab.open(await open()));
    afterAll(() => lab.close());

    it('describes itself, the same each time', async () => {
      const info = await lab.cluster.describe();
      expect(info.kind).toBe(kind);
      expect(info.version).toMatch(/^\d+\.\d+/);
      expect(info.identity).not.toBe('');
      expect(info.nodes.length).toBeGreaterThan(0);
      expect(info.nodes.every((node) => /:\d+$/.test(node.address))).toBe(true);
      expect(new Set(info.nodes.map((node) => node.id)).size).toBe(info.nodes.length);
      expect((await lab.cluster.describe()).identity).toBe(info.identity);
    });

    it('lists databases and users', async () => {
      const database = await lab.freshDatabase();
      const found = (await lab.cluster.databases()).find(({ name }) => name === database);
      expect(found).toMatchObject({ system: false });
      const { user } = await lab.cluster.describe();
      expect((await lab.cluster.users()).map(({ name }) => name)).toContain(user);
    });

    readingConformance(lab);
    restoringConformance(lab);

    describe('refusals', () => {
      it('name what does not exist', async () => {
        const database = await lab.freshDatabase(FIXTURE);
        const missing = { code: 'undefined-database', message: containing('no such db') };
        await expect(lab.cluster.catalog('no such db')).rejects.toMatchObject(missing);
        await expect(lab.cluster.holdMoment([database, 'no such db'], null)).rejects.toMatchObject(missing);
        await expect(lab.cluster.runDdl('no such db', ['SELECT 1'], never)).rejects.toMatchObject(missing);
        const gone = named(database, 'gone');
        const undefinedObject = { code: 'undefined-object', message: containing('gone') };
        await expect(lab.cluster.setSequence(database, gone, '1', true)).rejects.toMatchObject(
          undefinedObject,
        );
        await atMoment(lab.cluster, [database], async (at) => {
          await expect(lab.cluster.descriptors([gone], at)).rejects.toMatchObject(undefinedObject);
          await expect(rangesOf(lab.cluster, gone, at, 1000)).rejects.toMatchObject(undefinedObject);
          const table = await describeTable(lab.cluster, named(database, 'nothing'), at);
          await expect(
            lab.cluster.load(database, { ...table, name: gone }, linesOf(['1']), never),
          ).rejects.toMatchObject(undefinedObject);
        });
      });
    });

    it('closes every connection, with reads, loads and moments going on', async () => {
      const database = await lab.freshDatabase(FIXTURE);
      const before = await lab.subject.sessions();
      const other = lab.subject.another();
      const held = await other.holdMoment([database], null);
      const table = await describeTable(other, named(database, 'accounts'), held.moment);
      const [range] = await rangesOf(other, table.name, held.moment, 1e12);
      if (range === undefined) throw new Error('no range');
      const stream = await other.readRange(table, range, held.moment, never);
      const over = new Promise((resolve) => stream.once('close', resolve));
      stream.on('error', () => undefined);
      expect(await lab.subject.sessions()).toBeGreaterThan(before);
      await other.close();
      stream.resume();
      await over;
      await expect.poll(() => lab.subject.sessions(), { timeout: 5000 }).toBeLessThanOrEqual(before);
      await expect(other.databases()).rejects.toBeInstanceOf(HoldfastError);
    });
  });
}
