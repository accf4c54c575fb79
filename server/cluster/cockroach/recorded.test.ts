import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecording, type Recording } from './testing/recording.ts';
import { ReplayedCluster } from './testing/replay.ts';
import { runScenarios } from './testing/scenarios.ts';

/**
 * The adapter against what a real cluster of three nodes answered. A statement that isn't in the recording fails: then
 * see that the live tests pass and record anew (docs/testing.md).
 */
const FILE = path.join(import.meta.dirname, 'recordings', 'adapter.json');
const NODES = 3;

describe('the adapter, on recorded answers of CockroachDB,', () => {
  let recording: Recording;
  let cluster: ReplayedCluster;
  let results: Record<string, unknown> = {};
  let failure: unknown = null;

  beforeAll(async () => {
    recording = await loadRecording(FILE);
    cluster = await ReplayedCluster.start(recording, NODES);
    results = await runScenarios(cluster).catch((error: unknown) => {
      failure = error;
      return {};
    });
  });

  afterAll(() => cluster.stop());

  it('asks nothing that was not recorded', () => {
    expect(cluster.unknown).toEqual([]);
    expect(failure).toBeNull();
  });

  it('answers what it answered then', () => {
    for (const [name, result] of Object.entries(recording.results))
      expect(results[name], name).toEqual(result);
    expect(Object.keys(results)).toEqual(Object.keys(recording.results));
  });

  it('holds nothing of the machine that it was recorded on', () => {
    const text = JSON.stringify(recording);
    expect(text).not.toMatch(/127\.0\.0\.1|localhost:|\/tmp\/|\/home\//);
  });
});
