import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { copyDatabase, readTable } from '../cluster/conformance-tools.ts';
import { findTable, storedColumns } from '../cluster/descriptor.ts';
import { openCluster } from '../cluster/open.ts';
import { startTestServer } from '../cluster/postgres/test-server.ts';
import { parseLocation } from '../storage/location.ts';
import { openStore } from '../storage/open.ts';
import { writeLayer } from '../testing/layers.ts';
import type { WrittenLayer } from '../testing/layers.ts';

const FORMAT = path.resolve(import.meta.dirname, '../../docs/format.md');

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.skipIf(!['psql', 'jq', 'zstd'].every(has))(
  'docs/format.md says how a layer is applied without Holdfast, and it works',
  async () => {
    const script = /```sh\n(of\(\) \{[\s\S]*?)```/.exec(await readFile(FORMAT, 'utf8'))?.[1];
    if (script === undefined) throw new Error('the page has no such script');
    const source = openCluster('simulated://3?rows=5000&every=60s&changes=2');
    const server = await startTestServer();
    const target = openCluster(server.url);
    const externDir = await mkdtemp(path.join(tmpdir(), 'holdfast-by-hand-'));
    try {
      const layers: WrittenLayer[] = [];
      for (const [name, asOf] of [
        ['full', '-2h'],
        ['one', '-1h50m'],
      ] as const) {
        const url = `nodelocal://self/${name}`;
        const store = openStore(parseLocation(url), { externDir });
        const { moment } = await source.holdMoment(['bank'], asOf);
        layers.push(
          await writeLayer({ cluster: source, store, url, databases: ['bank'], at: moment, on: [...layers] }),
        );
      }
      const [full, one] = layers.map(({ manifest }) => manifest);
      const name = { database: 'bank', schema: 'public', name: 'transfers' };
      const table = one && findTable(one.descriptors, name);
      if (full === undefined || one === undefined || table === undefined) throw new Error('no layers');
      expect(one.files.some(({ kind, table: of }) => kind === 'deleted' && of.name === 'transfers')).toBe(
        true,
      );

      await copyDatabase(target, 'bank', 'bank', source);
      const lines = (await readTable(source, table, full.moment, 1e6)).flat();
      await server.exec('bank', 'TRUNCATE transfers');
      const columns = storedColumns(table).map((column) => column.name);
      const run = async (sh: string) =>
        promisify(execFile)('sh', ['-ec', sh], {
          cwd: externDir,
          env: {
            ...process.env,
            PGHOST: '127.0.0.1',
            PGPORT: String(server.port),
            PGUSER: 'root',
            PGPASSWORD: decodeURIComponent(new URL(server.url).password),
          },
        });
      await run(
        "zstd -dc full/data/bank.public.transfers/*.copy.zst | psql -d bank -c 'COPY public.transfers FROM STDIN'",
      );
      const rows = async () => {
        const held = await target.holdMoment(['bank'], null);
        const all = (await readTable(target, table, held.moment, 1e9)).flat().sort();
        await held.release();
        return all;
      };
      expect(await rows()).toEqual(lines.sort());
      await run(
        script.replaceAll('accounts', 'transfers').replaceAll('id, owner, balance', columns.join(', ')),
      );
      const after = (await readTable(source, table, one.moment, 1e6)).flat().sort();
      expect(after).not.toEqual(lines);
      expect(await rows()).toEqual(after);
    } finally {
      await target.close();
      await server.stop();
      await rm(externDir, { recursive: true, force: true });
    }
  },
  120_000,
);
