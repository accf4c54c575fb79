import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseStatements } from '../statement/parse.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { MOST_FINDINGS, type NewProof, ProofStore } from './proofs.ts';

let rig: Rig;
let proofs: ProofStore;
beforeAll(async () => {
  rig = await startRig();
  proofs = new ProofStore(rig.metadata);
}, 60_000);
afterAll(() => rig.stop(), 60_000);

const BACKUP = '5d6f2c0e-0a4b-4a57-9f0e-2f4f6a1f8c11';
const OTHER = '0f0f2c0e-0a4b-4a57-9f0e-2f4f6a1f8c12';

async function newJob(cluster: string | null): Promise<string> {
  const [spec] = parseStatements("BACKUP DATABASE bank TO 'nodelocal://self/x'");
  if (spec?.kind !== 'backup') throw new Error('not a BACKUP');
  return rig.jobStore.create({
    kind: 'VERIFY',
    cluster,
    statement: 'VERIFY …',
    user: 'root',
    location: 'nodelocal://self/x',
    spec,
    estimatedBytes: 0,
  });
}

async function proof(minute: number, change: Partial<NewProof> = {}): Promise<NewProof> {
  return {
    kind: 'verify',
    jobId: await newJob(null),
    backupId: BACKUP,
    location: 'nodelocal://self/x',
    cluster: null,
    depth: 'rows',
    outcome: 'sound',
    findings: [],
    figures: { files: 3, bytes: 1000, rows: 10, findings: 0 },
    startedAt: new Date('2026-11-22T10:00:00Z'),
    finishedAt: new Date(Date.UTC(2026, 10, 22, 11, minute)),
    ...change,
  } as NewProof;
}

it('keeps what a job has proved, once, and as many findings as anybody reads', async () => {
  const first = await proof(1);
  await proofs.record(first);
  expect(await proofs.ofJob(first.jobId)).toEqual({ ...first, id: expect.any(String) as string });
  const finding = {
    kind: 'missing',
    layer: 0,
    location: 'nodelocal://self/x',
    file: 'data/a.b.c/1.copy.zst',
    table: { database: 'a', schema: 'b', name: 'c' },
  } as const;
  const again = {
    ...first,
    outcome: 'damaged',
    findings: Array(MOST_FINDINGS + 5).fill(finding),
  } as NewProof;
  await proofs.record(again);
  const kept = await proofs.ofJob(first.jobId);
  expect(kept?.outcome).toBe('damaged');
  expect(kept?.findings).toHaveLength(MOST_FINDINGS);
  expect(kept?.findings[0]).toEqual(finding);
  expect(await proofs.ofJob('1')).toBeNull();
});

it('knows the newest of each kind, backup by backup', async () => {
  const drill = { kind: 'drill', cluster: 'default', depth: null, outcome: 'passed' } as const;
  const written = [
    await proof(20),
    await proof(10),
    await proof(5, drill),
    await proof(6, { ...drill, outcome: 'failed', findings: [{ table: null, reason: 'no' }] }),
    await proof(7, { backupId: OTHER }),
    await proof(50, { backupId: null }),
  ];
  for (const one of written) await proofs.record(one);
  const latest = await proofs.latest([BACKUP, OTHER]);
  expect(new Set(latest.map(({ jobId }) => jobId))).toEqual(
    new Set([written[0]?.jobId, written[3]?.jobId, written[4]?.jobId]),
  );
  expect(await proofs.latest([])).toEqual([]);
});

it('shows a job without a cluster', async () => {
  const id = await newJob(null);
  expect(await rig.services.jobs.view(id)).toMatchObject({ kind: 'VERIFY', cluster: null });
  const { jobs } = await rig.services.jobs.page({ limit: 50, kind: 'VERIFY' });
  expect(jobs.map((job) => job.id)).toContain(id);
});
