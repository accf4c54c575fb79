import { expect, it } from 'vitest';
import type { ClusterInfo } from '../cluster/cluster.ts';
import { ClusterAnswers } from './cluster-answers.ts';

const INFO = { identity: 'x' } as ClusterInfo;

/** A cluster that answers when it is told to, and how often it was asked. */
function slowCluster() {
  const { promise, resolve } = Promise.withResolvers<ClusterInfo>();
  const cluster = { asked: 0, answer: () => resolve(INFO), describe: () => ((cluster.asked += 1), promise) };
  return cluster;
}

it('gives up soon, asks once for all who wait, and keeps what comes late for the next', async () => {
  let now = 0;
  const answers = new ClusterAnswers(() => now, 20);
  const slow = slowCluster();
  const late = { code: 'cluster-unavailable', message: expect.stringContaining('"prod"') };
  const both = [answers.ask('prod', 'a', slow.describe), answers.ask('prod', 'a', slow.describe)];
  for (const each of both) await expect(each).rejects.toMatchObject(late);
  slow.answer();
  await Promise.resolve();
  expect(await answers.ask('prod', 'a', slow.describe)).toBe(INFO);
  expect(slow.asked).toBe(1);
  // Not for ever.
  now = 60_000;
  await answers.ask('prod', 'a', slow.describe);
  expect(slow.asked).toBe(2);
});

it('asks anew under another URL, and when the answer came in time', async () => {
  const answers = new ClusterAnswers(() => 0, 20);
  const quick = slowCluster();
  quick.answer();
  for (const url of ['a', 'a', 'b']) await answers.ask('prod', url, quick.describe);
  expect(quick.asked).toBe(3);
});
