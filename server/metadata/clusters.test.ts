import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeCluster } from '../cluster/probe.ts';
import { rangeMap } from '../cluster/range-map.ts';
import { HoldfastError } from '../errors.ts';
import type { JobId } from '../jobs/job.ts';
import { parseStatements } from '../statement/parse.ts';
import { startRig } from '../testing/rig.ts';
import type { Rig } from '../testing/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const TESTED = { untested: false };
const UNTESTED = { untested: true };

/** What is thrown, for toMatchObject. */
async function refusal(work: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await work.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof HoldfastError)) throw error;
  return error;
}

/** The server's URL with something of it replaced. */
function serverUrl(change: (url: URL) => void): string {
  const url = new URL(rig.server.url);
  change(url);
  return url.href;
}

async function stored(name: string): Promise<{ url_sealed: string; url_redacted: string }> {
  return rig.metadata.db
    .selectFrom('clusters')
    .select(['url_sealed', 'url_redacted'])
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
}

async function startJob(cluster: string): Promise<JobId> {
  const [spec] = parseStatements("BACKUP DATABASE bank TO 'nodelocal://self/x'");
  if (spec?.kind !== 'backup') throw new Error('not a BACKUP');
  return rig.jobStore.create({
    kind: 'BACKUP',
    cluster,
    statement: 'BACKUP …',
    user: 'root',
    location: 'nodelocal://self/x',
    spec,
    estimatedBytes: 0,
  });
}

describe('registering', () => {
  it('takes a cluster that answers, by a name that psql can give', async () => {
    const { clusters } = rig.services;
    expect(await clusters.add('  Größe 3 ', ' simulated://3 ', TESTED)).toBe('Größe 3');
    expect(await clusters.exists('Größe 3')).toBe(true);
    expect(await (await clusters.connect('Größe 3')).describe()).toMatchObject({ kind: 'simulated' });
    expect(await clusters.overview()).toMatchObject([
      { name: 'Größe 3', status: 'up', fixed: false, sameAs: [], redactedUrl: 'simulated://3' },
      { name: 'default', status: 'up', fixed: true, sameAs: [] },
    ]);
    await clusters.remove('Größe 3');
  });

  it.each([
    ['', 'no name'],
    ['  ', 'no name'],
    ['a\nb', 'control'],
    ['a\u0000', 'control'],
    ['a\u202eb', 'invisible'],
    ['n'.repeat(64), 'longer'],
    ['ö'.repeat(32), 'longer'],
    ['dbname=x', 'connection string'],
    ['postgres://x', 'connection string'],
  ])('refuses the name %j', async (name, words) => {
    const error = await refusal(rig.services.clusters.add(name, 'simulated://3', TESTED));
    expect(error).toMatchObject({ code: 'invalid-value', field: 'name' });
    expect(error.message).toContain(words);
  });

  it('refuses a name that exists, before anything is asked', async () => {
    const error = await refusal(rig.services.clusters.add('default', 'postgres://127.0.0.1:1/db', TESTED));
    expect(error).toMatchObject({ code: 'duplicate-object', field: 'name' });
  });

  it('refuses one that is down with the reason, unless it is saved all the same', async () => {
    const { clusters } = rig.services;
    const url = 'postgres://root:hush@127.0.0.1:1/db';
    const error = await refusal(clusters.add('down', url, TESTED));
    expect(error).toMatchObject({ code: 'cluster-unavailable', field: 'url' });
    expect(error.message).not.toContain('hush');
    expect(await clusters.exists('down')).toBe(false);

    await clusters.add('down', url, UNTESTED);
    expect((await clusters.overview()).find(({ name }) => name === 'down')).toMatchObject({
      status: 'down',
      redactedUrl: 'postgres://root:redacted@127.0.0.1:1/db',
      error: { code: 'cluster-unavailable' },
    });
    await clusters.remove('down');
  });

  it.each(['', 'localhost', 'mysql://root:hush@h', 'simulated://0', 'postgres://u:redacted@127.0.0.1/db'])(
    'refuses the URL %j, tested or not',
    async (url) => {
      for (const how of [TESTED, UNTESTED]) {
        const error = await refusal(rig.services.clusters.add('odd', url, how));
        expect(error.field).toBe('url');
        expect(`${error.message} ${error.hint}`).not.toContain('hush');
      }
    },
  );

  it('names the certificate that is not there', async () => {
    const error = await refusal(
      rig.services.clusters.add('c', 'cockroachdb://h/db?sslcert=/no/such.crt', TESTED),
    );
    expect(error).toMatchObject({ code: 'invalid-value', field: 'url' });
    expect(error.message).toContain('/no/such.crt');
  });

  it('says which registration is the same cluster', async () => {
    const { clusters } = rig.services;
    await clusters.add('again', rig.server.url, TESTED);
    const same = Object.fromEntries((await clusters.overview()).map(({ name, sameAs }) => [name, sameAs]));
    expect(same).toEqual({ again: ['default'], default: ['again'] });
    await clusters.remove('again');
  });
});

describe('testing a connection', () => {
  it('tells what is there and whether it is registered, and leaves nothing open', async () => {
    const found = await rig.services.clusters.test(rig.server.url, null);
    expect(found).toMatchObject({ info: { kind: 'postgres', user: 'root' }, sameAs: ['default'] });
    expect(found.prerequisites).toEqual(expect.any(Array));
    // The server notices a closed connection a moment later.
    const open = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'holdfast-test'";
    await expect.poll(async () => (await rig.metadata.pool.query(open)).rowCount).toBe(0);
  });

  it('takes the stored password for the word that stands for it', async () => {
    const { clusters } = rig.services;
    const [shown] = await clusters.overview();
    expect(await clusters.test(shown?.redactedUrl ?? '', 'default')).toMatchObject({ sameAs: [] });
    expect(await refusal(clusters.test(shown?.redactedUrl ?? '', null))).toMatchObject({ field: 'url' });
    const wrong = serverUrl((url) => (url.password = 'hush'));
    const error = await refusal(clusters.test(wrong, 'default'));
    expect(error).toMatchObject({ code: 'cluster-denied', field: 'url' });
    expect(error.message).not.toContain('hush');
  });

  it('does not wait for what never answers', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as AddressInfo;
    const error = await refusal(probeCluster(`postgres://root@127.0.0.1:${port}/db`, 300));
    expect(error).toMatchObject({ code: 'cluster-unavailable', field: 'url' });
    silent.close();
  });
});

describe('changing a URL', () => {
  it('keeps the password that was shown as redacted, and what was edited beside it', async () => {
    const { clusters } = rig.services;
    await clusters.add('mine', rig.server.url, TESTED);
    const before = await stored('mine');
    const edited = before.url_redacted.replace('/postgres', '/holdfast');
    expect(edited).toContain('redacted');
    await clusters.changeUrl('mine', edited, TESTED);
    const after = await stored('mine');
    expect(after.url_redacted).toBe(edited);
    expect(JSON.stringify(after)).not.toContain(encodeURIComponent(new URL(rig.server.url).password));
    expect(await (await clusters.connect('mine')).databases()).not.toEqual([]);
    await clusters.remove('mine');
  });

  it('is refused for what the environment registers, and for what does not exist', async () => {
    const { clusters } = rig.services;
    expect(await refusal(clusters.changeUrl('default', 'simulated://3', TESTED))).toMatchObject({
      code: 'not-allowed',
    });
    expect(await refusal(clusters.changeUrl('nowhere', 'simulated://3', TESTED))).toMatchObject({
      code: 'undefined-cluster',
    });
  });
});

describe('removing', () => {
  it('is refused for what the environment registers', async () => {
    expect(await refusal(rig.services.clusters.remove('default'))).toMatchObject({ code: 'not-allowed' });
  });

  it('waits for the jobs to end, which stay listed', async () => {
    const { clusters, jobs } = rig.services;
    await clusters.add('busy', 'simulated://1', TESTED);
    const id = await startJob('busy');
    expect(await refusal(clusters.remove('busy'))).toMatchObject({ code: 'job-state' });
    expect(await clusters.details('busy')).toMatchObject({ activeJobs: 1, status: 'up' });
    await rig.jobStore.request(id, 'cancel');
    await clusters.remove('busy');
    expect(await refusal(clusters.connect('busy'))).toMatchObject({ code: 'undefined-cluster' });
    expect(await jobs.view(id)).toMatchObject({ cluster: 'busy', state: 'canceled' });
  });
});

describe('a table’s range map', () => {
  it('tells the first ranges one by one and adds the others up', async () => {
    const { clusters } = rig.services;
    await clusters.add('sim', 'simulated://3?rows=200000', TESTED);
    const cluster = await clusters.connect('sim');
    const table = { database: 'shop', schema: 'public', name: 'order_lines' };
    const whole = await rangeMap(cluster, table);
    const cut = await rangeMap(cluster, table, 5);
    expect(whole.rest).toBeNull();
    expect(whole.ranges.length).toBeGreaterThan(5);
    expect(cut.ranges).toEqual(whole.ranges.slice(0, 5));
    expect(cut.rest?.ranges).toBe(whole.ranges.length - 5);
    expect(cut.total).toEqual(whole.total);
    expect(cut.leaseholders).toEqual(whole.leaseholders);
    expect(whole.leaseholders.reduce((sum, { rows }) => sum + rows, 0)).toBe(whole.total.rows);
    await clusters.remove('sim');
  });

  it('is one range of a small table of PostgreSQL', async () => {
    await rig.server.exec('holdfast', 'CREATE TABLE IF NOT EXISTS small (id int PRIMARY KEY)');
    const table = { database: 'holdfast', schema: 'public', name: 'small' };
    const cluster = await rig.services.clusters.connect('default');
    expect((await rangeMap(cluster, table)).total.ranges).toBe(1);
    expect(await refusal(rangeMap(cluster, { ...table, name: 'nowhere' }))).toMatchObject({
      code: 'undefined-object',
    });
  });
});
