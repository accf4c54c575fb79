import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ProofStore } from '../../metadata/proofs.ts';
import type { NewProof } from '../../metadata/proofs.ts';
import { startRig } from '../../testing/rig.ts';
import type { Rig } from '../../testing/rig.ts';
import type { TargetFacts } from './facts.ts';
import { Readiness, type ReadinessReport } from './gather.ts';
import type { ReadinessEntry } from './verdict.ts';

// What readiness says of a real server's databases, backed up by real engines to real files.

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await rig.startEngine();
  await rig.services.clusters.register('sim', 'simulated://3?seed=7&rows=2000', { embedded: false });
}, 120_000);
afterAll(() => rig.stop(), 60_000);

/** As a console that has just been started, `days` from now: nothing is remembered. */
function report(days = 0): Promise<ReadinessReport> {
  const { jobs, clusters, destinations } = rig.services;
  return new Readiness({
    jobs,
    clusters,
    destinations,
    proofs: new ProofStore(rig.metadata),
    openStore: rig.openStore,
    now: () => new Date(Date.now() + days * 86_400_000),
  }).report();
}
