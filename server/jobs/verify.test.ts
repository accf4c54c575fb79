import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProofStore, type Proof } from '../metadata/proofs.ts';
import { StoreError, type Store } from '../storage/store.ts';
import { BackupDirectory } from '../testing/damage.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';
import { TYPES_SQL, VALUES } from '../testing/values.ts';
import type { JobState } from './job.ts';

// VERIFY as a statement and as a job; what it finds of which damage is in verify-matrix.test.ts.

const TABLES = 6;
const FULL = 'nodelocal://self/full';
const INC = 'nodelocal://self/inc';

let rig: Rig;
let proofs: ProofStore;
const engines: (() => Promise<void>)[] = [];

/** What reading a data file comes to instead; null: what it is. Taken away after each test. */
let instead: ((name: string, read: () => Promise<Readable>) => Promise<Readable>) | null = null;

const around = (store: Store): Store => ({
  put: (name, body, options) => store.put(name, body, options),
  get: (name, range) => {
    const read = () => store.get(name, range);
    return instead !== null && name.startsWith('data/') ? instead(name, read) : read();
  },
  stat: (name) => store.stat(name),
  remove: (name) => store.remove(name),
  list: (prefix) => store.list(prefix),
  close: () => store.close(),
});

beforeAll(async () => {
  rig = await startRig({ around });
  proofs = new ProofStore(rig.metadata);
  await rig.server.exec('postgres', 'CREATE DATABASE shop');
  const tables = Array.from(
    { length: TABLES },
    (_, n) =>
      `CREATE TABLE t${n} (id int PRIMARY KEY, note text); INSERT INTO t${n} SELECT g, 'row ' || g FROM generate_series(1, 100) g`,
  );
  await rig.server.exec('shop', tables.join(';'));
  await (await rig.services.clusters.connect('default')).meet('slot', 'shop');
  await startEngine();
  await rig.run(`BACKUP DATABASE shop TO '${FULL}'`);
  await rig.server.exec('shop', 'UPDATE t1 SET note = note || 1 WHERE id < 10; DELETE FROM t2 WHERE id > 90');
  await rig.run(`BACKUP DATABASE shop TO '${INC}' INCREMENTAL FROM '${FULL}'`);
}, 120_000);

afterEach(() => {
  instead = null;
});

afterAll(() => rig.stop(), 60_000);

async function startEngine(tasks = 4): Promise<void> {
  engines.push(await rig.startEngine({ tasks }));
}

async function stopEngines(): Promise<void> {
  for (const stop of engines.splice(0)) await stop();
}

const begin = async (statement: string): Promise<string> =>
  (await rig.run(`${statement}, detached`)).rows[0]?.[0] ?? '';

async function proofOf(id: string): Promise<Proof> {
  const proof = await proofs.ofJob(id);
  if (proof === null) throw new Error(`job ${id} has proved nothing`);
  return proof;
}

async function logOf(id: string): Promise<string[]> {
  return (await rig.events(id)).flatMap((event) => (event.type === 'log' ? [event.message] : []));
}

const ended = (id: string) => rig.services.jobs.ended(id, AbortSignal.timeout(60_000));

async function comesTo(id: string, state: JobState): Promise<void> {
  await expect.poll(async () => (await rig.services.jobs.view(id)).state, { timeout: 60_000 }).toBe(state);
}

async function tasksDone(id: string): Promise<number> {
  const rows = await rig.metadata.db
    .selectFrom('tasks')
    .select('id')
    .where('job_id', '=', id)
    .where('state', '=', 'done')
    .execute();
  return rows.length;
}

/** Files read so many times are read as they are; others get no further until they are let go. */
function holdAfter(files: number): { letGo: () => void } {
  let free = files;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  instead = async (_, read) => {
    if (free-- > 0) return read();
    const through = new PassThrough();
    void promise.then(async () => {
      const source = await read();
      source.on('error', (error) => through.destroy(error)).pipe(through);
    });
    return through;
  };
  return {
    letGo: () => {
      free = Infinity;
      resolve(undefined);
    },
  };
}

describe('VERIFY BACKUP', () => {
  it('answers as other jobs do, and keeps what it has proved', async () => {
    const answer = await rig.run(`VERIFY BACKUP '${FULL}', '${INC}' WITH depth = 'rows'`);
    expect(answer.columns.map(({ name }) => name)).toEqual([
      ...['job_id', 'status', 'fraction_completed', 'rows', 'index_entries', 'bytes'],
    ]);
    expect(answer.tag).toBe('VERIFY BACKUP 1');
    const [id = '', ...others] = answer.rows[0] ?? [];
    const summaries = await Promise.all([FULL, INC].map((url) => rig.services.statements.inspectBackup(url)));
    const rows = TABLES * 100 + 9 + 10;
    const raw = summaries.reduce((sum, { totals }) => sum + totals.rawBytes, 0);
    expect(others).toEqual(['succeeded', '1', String(rows), '0', String(raw)]);
    const job = await rig.services.jobs.view(id ?? '');
    expect(job).toMatchObject({
      kind: 'VERIFY',
      cluster: null,
      location: INC,
      statement: `VERIFY BACKUP '${FULL}', '${INC}' WITH depth = 'rows'`,
    });
    const stored = summaries.reduce((sum, { totals }) => sum + totals.bytes, 0);
    const files = summaries.reduce((sum, { totals }) => sum + totals.files, 0);
    expect(job.storedBytes).toBe(stored);
    expect(await proofOf(job.id)).toMatchObject({
      kind: 'verify',
      depth: 'rows',
      outcome: 'sound',
      findings: [],
      figures: { files, bytes: stored, rows, findings: 0 },
      location: INC,
    });
  });

  it('needs no cluster, nor reads a byte of data to look for files', async () => {
    instead = () => Promise.reject(new Error('read'));
    const [row] = (await rig.run(`VERIFY BACKUP '${FULL}' WITH depth = 'files'`)).rows;
    expect(row?.[1]).toBe('succeeded');
    expect(await rig.services.jobs.view(row?.[0] ?? '')).toMatchObject({ storedBytes: 0, rows: 0 });
    const shown = (await rig.run(`SHOW JOB ${row?.[0]}`)).rows[0];
    expect(shown?.slice(1, 3)).toEqual(['VERIFY', `VERIFY BACKUP '${FULL}' WITH depth = 'files'`]);
  });

  it('tells psql the first finding, and how many there are', async () => {
    const url = 'nodelocal://self/damaged';
    await rig.run(`BACKUP DATABASE shop TO '${url}'`);
    const backup = new BackupDirectory(path.join(rig.externDir, 'damaged'));
    await backup.remove((await backup.file('t1')).name);
    const refused = (): Promise<unknown> => rig.run(`VERIFY BACKUP '${url}'`);
    await expect(refused()).rejects.toMatchObject({
      code: 'corrupt-backup',
      message: expect.stringMatching(
        /^the backup is damaged: nodelocal:.*damaged: data\/shop\.public\.t1\/.*, of shop\.public\.t1, is missing$/,
      ) as string,
    });
    await backup.remove((await backup.file('t4')).name);
    await expect(refused()).rejects.toMatchObject({
      message: expect.stringMatching(
        /^the backup is damaged, 2 findings, the first: .*t1, is missing$/,
      ) as string,
    });
  });

  it('says what lies beside a backup, and takes it for no damage', async () => {
    const url = 'nodelocal://self/littered';
    await rig.run(`BACKUP DATABASE shop TO '${url}'`);
    // Another backup further down is nobody's litter.
    await rig.run(`BACKUP DATABASE shop TO '${url}/below'`);
    const directory = path.join(rig.externDir, 'littered');
    await mkdir(path.join(directory, 'data/notes'), { recursive: true });
    await writeFile(path.join(directory, 'data/notes/left.txt'), 'x');
    const notices: string[] = [];
    expect((await rig.run(`VERIFY BACKUP '${url}' WITH depth = 'files'`, notices)).rows[0]?.[1]).toBe(
      'succeeded',
    );
    expect(notices).toContain(
      `WARNING: ${url} has a file that no manifest names: data/notes/left.txt. A restore reads none of that.`,
    );
  });

  it.each([
    [
      'in another order',
      [INC, FULL],
      'invalid-value',
      /is an incremental backup, but a chain begins with a full one/,
    ],
    ['without its base', [INC], 'invalid-value', /can't be restored without the backups that it builds on/],
    ['twice', [FULL, FULL], 'invalid-value', /is the same backup as/],
    ['that is not there', ['nodelocal://self/nowhere'], 'undefined-backup', /no backup at/],
    ['by no URL', ['x://y'], 'location-invalid', /./],
  ])('of a backup %s makes no job', async (_, urls, code, message) => {
    const before = await rig.services.jobs.page({ limit: 1 });
    await expect(rig.run(`VERIFY BACKUP ${urls.map((url) => `'${url}'`).join(', ')}`)).rejects.toMatchObject({
      code,
      field: 'source',
      message: expect.stringMatching(message) as string,
    });
    expect((await rig.services.jobs.page({ limit: 1 })).jobs[0]?.id).toBe(before.jobs[0]?.id);
  });

  it('takes the chain from the newest manifest where that alone is known', async () => {
    const options = { depth: 'files', detached: false } as const;
    const start = (url: string) =>
      rig.services.statements.startVerify(
        { kind: 'verify', urls: [url], options },
        { user: 'root' },
        { recorded: true },
      );
    const id = await start(INC);
    expect(await ended(id)).toMatchObject({
      state: 'succeeded',
      statement: `VERIFY BACKUP '${FULL}', '${INC}' WITH depth = 'files'`,
    });
    await rig.run(`BACKUP DATABASE shop TO 'nodelocal://self/base'`);
    await rig.run(`BACKUP DATABASE shop TO 'nodelocal://self/top' INCREMENTAL FROM 'nodelocal://self/base'`);
    await new BackupDirectory(path.join(rig.externDir, 'base')).remove();
    const lost = await start('nodelocal://self/top');
    expect(await ended(lost)).toMatchObject({ state: 'failed', error: { code: 'corrupt-backup' } });
    const { findings, backupId } = await proofOf(lost);
    expect(findings).toEqual([expect.objectContaining({ kind: 'manifest', layer: 0 })]);
    expect((await proofs.latest([backupId ?? '']))[0]?.jobId).toBe(lost);
  });
});

describe('rows as clusters write them', () => {
  it('are sound: PostgreSQL’s types, and their edges', async () => {
    await rig.server.exec('postgres', 'CREATE DATABASE vals');
    const columns = VALUES.map(({ type }, n) => `c${n} ${type}`).join(', ');
    const rows = Array.from(
      { length: 12 },
      (_, row) => `(${row}, ${VALUES.map((type) => type.value(row)).join(', ')})`,
    );
    await rig.server.exec(
      'vals',
      `${TYPES_SQL}; CREATE TABLE v (id int PRIMARY KEY, ${columns}); INSERT INTO v VALUES ${rows.join(', ')};
       CREATE TABLE hard (d date, ts timestamptz, t timestamp, n numeric, j json);
       INSERT INTO hard VALUES ('4713-01-01 BC', '0044-03-15 12:00:00+00 BC', '4714-11-24 00:00:00 BC', '1e1000', '[]'),
         ('5874897-12-31', '294276-12-31 23:59:59.999999+00', '294276-12-31 23:59:59.999999', '-Infinity', ' {"a" : 1e5 } '),
         ('infinity', '-infinity', 'infinity', 'NaN', '"\\u0000"'), ('0001-02-29 BC', now(), now(), 0.1, 'null')`,
    );
    await rig.run("BACKUP DATABASE vals TO 'nodelocal://self/vals'");
    expect((await rig.run("VERIFY BACKUP 'nodelocal://self/vals' WITH depth = 'rows'")).rows[0]?.[1]).toBe(
      'succeeded',
    );
  });

  it('are sound: a simulated cluster’s', async () => {
    await rig.services.clusters.register('pretend', 'simulated://3?seed=7&rows=20000', { embedded: false });
    await rig.services.statements
      .startBackup(
        {
          kind: 'backup',
          targets: { kind: 'databases', names: ['shop', 'bank'] },
          to: 'nodelocal://self/pretend',
          asOf: null,
          incrementalFrom: [],
          options: { detached: false },
        },
        { cluster: 'pretend', user: 'root' },
      )
      .then(ended);
    await rig.services.clusters.remove('pretend');
    expect((await rig.run("VERIFY BACKUP 'nodelocal://self/pretend' WITH depth = 'rows'")).rows[0]?.[1]).toBe(
      'succeeded',
    );
  });
});

describe('a store that', () => {
  it('damages what is read, once, is asked again', async () => {
    const seen = new Set<string>();
    instead = async (name, read) => {
      if (seen.has(name)) return read();
      seen.add(name);
      return Readable.from([Buffer.from('nonsense')]);
    };
    for (const depth of ['checksums', 'rows']) {
      seen.clear();
      expect((await rig.run(`VERIFY BACKUP '${FULL}' WITH depth = '${depth}'`)).rows[0]?.[1]).toBe(
        'succeeded',
      );
    }
  });

  it('can’t be reached for a while is waited for', async () => {
    let failures = 3;
    instead = (name, read) =>
      failures-- > 0 ? Promise.reject(new StoreError('transient', 'gone for now', name)) : read();
    const id = await begin(`VERIFY BACKUP '${FULL}' WITH depth = 'checksums'`);
    expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect((await logOf(id)).join('\n')).toContain('gone for now. Trying again.');
  }, 60_000);

  it('denies is no damage', async () => {
    instead = (name) => Promise.reject(new StoreError('denied', `${name}: no`, name));
    const id = await begin(`VERIFY BACKUP '${FULL}' WITH depth = 'rows'`);
    expect(await ended(id)).toMatchObject({ state: 'failed', error: { code: 'storage-denied' } });
    expect(await proofs.ofJob(id)).toBeNull();
  });

  it('can’t read one of its files names it', async () => {
    instead = (name, read) =>
      name.includes('t3') ? Promise.reject(new StoreError('failed', `${name}: I/O error`, name)) : read();
    const id = await begin(`VERIFY BACKUP '${FULL}' WITH depth = 'checksums'`);
    expect(await ended(id)).toMatchObject({ state: 'failed', error: { code: 'corrupt-backup' } });
    expect((await proofOf(id)).findings).toMatchObject([{ kind: 'unreadable', table: { name: 't3' } }]);
  });
});

describe('a verify that is under way', () => {
  const AT_ROWS = `VERIFY BACKUP '${FULL}', '${INC}' WITH depth = 'rows'`;

  it('pauses, and goes on with what is done', async () => {
    await stopEngines();
    await startEngine(1);
    const { letGo } = holdAfter(3);
    const id = await begin(AT_ROWS);
    await expect.poll(() => tasksDone(id), { timeout: 30_000 }).toBeGreaterThan(0);
    await rig.run(`PAUSE JOB ${id}`);
    await comesTo(id, 'paused');
    const done = await tasksDone(id);
    letGo();
    await rig.run(`RESUME JOB ${id}`);
    expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 1, rows: TABLES * 100 + 19 });
    expect((await logOf(id)).join('\n')).toContain(`${done} of ${TABLES} tasks are done`);
  }, 60_000);

  it('goes on with another engine when its own stops', async () => {
    await stopEngines();
    await startEngine(1);
    const { letGo } = holdAfter(3);
    const id = await begin(AT_ROWS);
    await expect.poll(() => tasksDone(id), { timeout: 30_000 }).toBeGreaterThan(0);
    await stopEngines();
    const done = await tasksDone(id);
    expect(done).toBeLessThan(TABLES);
    letGo();
    await startEngine();
    expect(await ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    const tries = await rig.metadata.db
      .selectFrom('tasks')
      .select('tries')
      .where('job_id', '=', id)
      .execute();
    expect(tries.filter((task) => task.tries === 1).length).toBeGreaterThanOrEqual(done);
    const lines = await logOf(id);
    expect(lines.filter((line) => line === 'Everything is as it was written.')).toHaveLength(1);
  }, 60_000);

  it('that is canceled has proved nothing', async () => {
    const { letGo } = holdAfter(0);
    const id = await begin(AT_ROWS);
    await comesTo(id, 'running');
    await rig.run(`CANCEL JOB ${id}`);
    expect(await ended(id)).toMatchObject({ state: 'canceled' });
    letGo();
    expect(await proofs.ofJob(id)).toBeNull();
  }, 60_000);
});
