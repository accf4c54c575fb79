import { buffer } from 'node:stream/consumers';
import { HoldfastError } from '../../../errors.ts';
import type { TableRange } from '../../cluster.ts';
import { describeTable } from '../../conformance-tools.ts';
import { CockroachCluster } from '../adapter.ts';

/** Where the scenarios' cluster is: a real one behind a recorder, or one that answers from a recording. */
export interface ScenarioCluster {
  /** host:port of a node's SQL. */
  address(node: number): string;
}

export const RECORDED_DATABASE = 'recorded';
/** A user without the admin role. */
export const RECORDED_USER = 'recorded_reader';
/** Old enough that all of the fixture is there, and young enough for its table of a short GC window. */
export const RECORDED_AS_OF = '-2s';

/** Some of everything that the adapter reads in a way of its own; small, since what is answered is kept. */
export const RECORDED_FIXTURE = [
  `CREATE TYPE mood AS ENUM ('sad', 'it''s "fine"')`,
  'CREATE SEQUENCE ticket START 100 INCREMENT 5',
  `CREATE TABLE customers (id UUID PRIMARY KEY, name STRING NOT NULL UNIQUE, feeling mood, tags STRING[], note BYTES,
     balance DECIMAL(12,2) CHECK (balance >= 0), FAMILY f1 (id, name), FAMILY f2 (feeling, tags, note, balance))`,
  `CREATE TABLE orders (no INT8 DEFAULT nextval('ticket'), customer UUID, cents INT8 AS (no * 100) STORED,
     placed TIMESTAMPTZ, PRIMARY KEY (no DESC), CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers (id))`,
  'CREATE TABLE brief (id INT8 PRIMARY KEY)',
  'CREATE VIEW named AS SELECT id, name FROM customers',
  `COMMENT ON TABLE customers IS 'who buys'`,
  `INSERT INTO customers VALUES ('00000000-0000-0000-0000-000000000001', e'An\\tn\\\\', 'it''s "fine"', ARRAY['a', NULL, 'NULL'], b'\\x00\\xff', 1.50),
     ('00000000-0000-0000-0000-000000000002', 'Bob', NULL, NULL, NULL, NULL)`,
  `INSERT INTO orders (no, customer, placed) SELECT i, '00000000-0000-0000-0000-000000000001', '2026-01-01 00:00:00+00' FROM generate_series(1, 12) AS g (i)`,
  'ALTER TABLE orders SPLIT AT VALUES (9), (4)',
  // So that ranges of one table are read from different nodes; where a lease can't move yet, that is recorded.
  'ALTER TABLE orders EXPERIMENTAL_RELOCATE LEASE VALUES (2, 9), (3, 1)',
  'ALTER TABLE brief CONFIGURE ZONE USING gc.ttlseconds = 2',
];

const named = (name: string) => ({ database: RECORDED_DATABASE, schema: 'public', name });

/** What the adapter makes of a cluster, by what is asked of it. Addresses and times of this run are not in there. */
export async function runScenarios(cluster: ScenarioCluster): Promise<Record<string, unknown>> {
  const open = (user: string) =>
    new CockroachCluster(
      `cockroachdb://${user}@${cluster.address(1)}/defaultdb?sslmode=disable`,
      'recorded',
      {
        defaultAsOf: RECORDED_AS_OF,
      },
    );
  const adapter = open('root');
  const poor = open(RECORDED_USER);
  const results: Record<string, unknown> = {};
  try {
    const info = await adapter.describe();
    results['describe'] = { ...info, nodes: info.nodes.map(({ address: _, ...node }) => node) };
    results['databases'] = await adapter.databases();
    results['users'] = await adapter.users();
    results['prerequisites'] = await adapter.prerequisites();
    results['GC windows'] = await adapter.gcWindows(RECORDED_DATABASE);
    const { moment } = await adapter.holdMoment([RECORDED_DATABASE], null);
    results['moment'] = moment;
    results['catalog'] = await adapter.catalog(RECORDED_DATABASE, moment);
    results['descriptors'] = await adapter.descriptors(
      ['mood', 'ticket', 'customers', 'orders', 'named'].map(named),
      moment,
    );
    for (const name of ['customers', 'orders']) {
      const table = await describeTable(adapter, named(name), moment);
      const ranges: TableRange[] = [];
      for await (const range of adapter.ranges(table.name, moment)) ranges.push(range);
      results[`ranges of ${name}`] = ranges;
      const texts: string[] = [];
      for (const range of ranges) {
        const rows = await adapter.readRange(table, range, moment, new AbortController().signal);
        texts.push((await buffer(rows)).toString('utf8'));
      }
      results[`rows of ${name}`] = texts;
    }
    const old = await adapter.holdMoment([RECORDED_DATABASE], '-4s');
    results['past the GC window'] = await refusal(adapter.descriptors([named('brief')], old.moment));
    results['no such table'] = await refusal(adapter.descriptors([named('gone')], moment));
    results['no such database'] = await refusal(adapter.holdMoment(['no such db'], null));
    results['in the future'] = await refusal(adapter.holdMoment([RECORDED_DATABASE], '1h'));
    results['no time at all'] = await refusal(adapter.holdMoment([RECORDED_DATABASE], 'yesterday'));
    results['not admin'] = await refusal(poor.describe());
    results['not admin, catalog'] = await refusal(poor.catalog(RECORDED_DATABASE));
  } finally {
    await adapter.close();
    await poor.close();
  }
  // What is undefined is nothing in a recording.
  const text = JSON.stringify(results).replaceAll(/127\.0\.0\.1:\d+/g, 'a node');
  return JSON.parse(text) as Record<string, unknown>;
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { code: error.code, message: error.message, hint: error.hint, field: error.field };
  }
  throw new Error('nothing was refused');
}
