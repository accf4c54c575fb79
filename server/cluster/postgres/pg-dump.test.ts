import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import { copyDatabase } from '../conformance-tools.ts';
import { openCluster } from '../open.ts';
import { schemaFor } from './schema-fixture.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const run = promisify(execFile);

/** Where Debian's packages put each major version. */
const INSTALLED = '/usr/lib/postgresql';

/** A directory with a server and a pg_dump of one version: HOLDFAST_TEST_POSTGRES, or the newest that is installed. */
function findPrograms(): string | null {
  const given = process.env['HOLDFAST_TEST_POSTGRES'];
  const majors = existsSync(INSTALLED) ? readdirSync(INSTALLED) : [];
  const candidates =
    given === undefined
      ? majors.sort((a, b) => Number(b) - Number(a)).map((major) => join(INSTALLED, major, 'bin'))
      : [given];
  const complete = (bin: string) =>
    ['initdb', 'postgres', 'pg_dump'].every((program) => existsSync(join(bin, program)));
  return candidates.find(complete) ?? null;
}

const bin = findPrograms();
if (bin === null)
  process.stderr.write(
    `SKIPPED: no directory below ${INSTALLED}, nor HOLDFAST_TEST_POSTGRES, has initdb, postgres and pg_dump. ` +
      'What pg_dump says of a restored schema is not compared.\n',
  );

/** What backups leave out, and say so, by pg_dump's types of entries. */
const LEFT_OUT = /; Type: (TRIGGER|RULE|PUBLICATION|PUBLICATION TABLE|EVENT TRIGGER);/;
/** A function that only a trigger calls. */
const OF_TRIGGERS = 'unneeded()';

describe.skipIf(bin === null)('pg_dump --schema-only', () => {
  let server: TestServer;
  let cluster: Cluster;

  beforeAll(async () => {
    server = await startTestServer({ bin: bin ?? undefined });
    cluster = openCluster(server.url);
  });

  afterAll(async () => {
    await cluster.close();
    await server.stop();
  });

  async function dump(database: string): Promise<string[]> {
    const url = new URL(server.url);
    url.pathname = `/${database}`;
    const { stdout } = await run(
      join(bin ?? '', 'pg_dump'),
      ['--schema-only', '--no-owner', '--no-privileges', '--no-publications', url.href],
      { maxBuffer: 1 << 26 },
    );
    // A random word against psql's own commands in the text.
    const text = stdout.replaceAll(/^\\(un)?restrict .*$/gm, '');
    return text
      .split(/^(?=--\n-- Name: )/m)
      .filter((entry) => !LEFT_OUT.test(entry) && !entry.includes(`-- Name: ${OF_TRIGGERS};`));
  }

  it('says the same of a restored schema as of the original', async () => {
    await cluster.createDatabase('original', '1');
    await cluster.closeLedger('original', '1');
    await server.exec('original', schemaFor(server.version));
    const original = await dump('original');
    await copyDatabase(cluster, 'original', 'copy');
    expect(await dump('copy')).toEqual(original);
    expect(original.length).toBeGreaterThan(100);
  });
});
