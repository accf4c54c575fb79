import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster.ts';
import { copyDatabase } from '../conformance-tools.ts';
import { openCluster } from '../open.ts';
import { findInstalled } from './find-installed.ts';
import { schemaFor } from './schema-fixture.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const run = promisify(execFile);

const bin = findInstalled('pg_dump', 'What pg_dump says of a restored schema is not compared.');

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
