import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import type { RestoreStatement } from '../statement/ast.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ clusterUrl: 'simulated://3?seed=7&rows=2000&every=1s&changes=0.5' });
  await rig.services.clusters.register('new', rig.server.url, { embedded: false });
  await rig.startEngine();
});
afterAll(() => rig.stop());

const url = (name: string) => `nodelocal://self/${name}`;

function restoreOf(source: string, intoDb: string): RestoreStatement {
  return {
    kind: 'restore',
    targets: { kind: 'databases', names: ['shop'] },
    from: [source],
    asOf: null,
    options: {
      intoDb,
      createDb: false,
      skipMissingForeignKeys: false,
      skipMissingSequences: false,
      skipMissingViews: false,
      detached: false,
    },
  };
}

async function restored(source: string, intoDb: string): Promise<string> {
  const id = await rig.services.statements.startRestore(
    restoreOf(source, intoDb),
    { cluster: 'new', user: 'root' },
    { recorded: true },
  );
  const job = await rig.services.jobs.ended(id, new AbortController().signal);
  expect(job).toMatchObject({ state: 'succeeded', error: null });
  return job.statement;
}

it(
  'restores a chain that was copied and scattered, and builds on it, after it was imported from there',
  { timeout: 180_000 },
  async () => {
    await rig.run(`BACKUP DATABASE shop TO '${url('a/full')}'`);
    await rig.run(`BACKUP DATABASE shop TO '${url('a/one')}' INCREMENTAL FROM '${url('a/full')}'`);
    await rig.run(
      `BACKUP DATABASE shop TO '${url('a/two')}' INCREMENTAL FROM '${url('a/full')}', '${url('a/one')}'`,
    );
    const at = (name: string) => path.join(rig.externDir, name);
    await mkdir(at('copy'));
    await cp(at('a'), at('copy/b c'), { recursive: true });
    await rm(at('a'), { recursive: true });

    // Beside each other as they were: nothing has to be known of them.
    const copied = ['full', 'one', 'two'].map((name) => url(`copy/b%20c/${name}`));
    expect(await restored(url('copy/b c/two'), 'beside')).toContain(
      `FROM ${copied.map((each) => `'${each}'`).join(', ')}`,
    );

    // Scattered: only their records tell.
    await cp(at('copy/b c/full'), at('far/x'), { recursive: true });
    await rm(at('copy/b c/full'), { recursive: true });
    const newest = url('copy/b c/two');
    const plan = () =>
      rig.services.statements.planRestore(restoreOf(newest, 'scattered'), 'new', { recorded: true });
    expect((await plan()).problems).toMatchObject([
      { code: 'undefined-backup', field: 'source', hint: expect.stringContaining('import it from there') },
    ]);
    const source = { kind: 'url' as const, url: url('') };
    const found = [];
    for await (const event of rig.services.importer.scan(source))
      if (event.type === 'found') found.push(...event.backups);
    expect(found.map((backup) => backup.known)).toEqual([false, false, false]);
    await rig.services.importer.add(
      source,
      found.map((backup) => backup.url),
    );
    expect((await plan()).problems).toEqual([]);
    expect((await plan()).checks.map(({ verdict }) => verdict)).not.toContain('bad');
    expect(await restored(newest, 'scattered')).toContain(
      `FROM '${url('far/x')}', '${copied[1]}', '${copied[2]}'`,
    );

    // It can be proved where it is now, too.
    const { statements, jobs } = rig.services;
    const named = { urls: [newest], options: { detached: false } };
    for (const id of [
      await statements.startVerify(
        { kind: 'verify', ...named, options: { depth: 'files', detached: false } },
        { user: 'root' },
        { recorded: true },
      ),
      await statements.startDrill(
        { kind: 'drill', ...named },
        { cluster: 'new', user: 'root' },
        { recorded: true },
      ),
    ]) {
      const job = await jobs.ended(id, new AbortController().signal, () => undefined);
      expect(job).toMatchObject({ state: 'succeeded', error: null });
      expect(job.statement).toContain(`'${url('far/x')}', '${copied[1]}', '${copied[2]}'`);
    }

    // An incremental backup of the cluster that is still there goes on from where the chain is now.
    const candidates = await rig.services.statements.baseCandidates(
      { kind: 'databases', names: ['shop'] },
      'default',
    );
    expect(candidates[0]).toMatchObject({
      url: copied[2],
      chain: [url('far/x'), copied[1], copied[2]],
      problem: null,
    });
    await rig.run(
      `BACKUP DATABASE shop TO '${url('three')}' INCREMENTAL FROM ${candidates[0]?.chain.map((each) => `'${each}'`).join(', ')}`,
    );
    const { backups } = await rig.services.known.list();
    expect(backups[0]).toMatchObject({ url: url('three'), layer: 4, root: url('far/x') });
  },
);
