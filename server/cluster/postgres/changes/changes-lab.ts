import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { TableChanges } from '../../cluster.ts';
import {
  applied,
  readAllChanges,
  type ReadChanges,
  rowsByKey,
  sorted,
} from '../../conformance-incremental.ts';
import { describeAll } from '../../conformance-tools.ts';
import type { TableDescriptor } from '../../descriptor.ts';
import type { HeldMoment, Moment } from '../../moment.ts';
import { PostgresCluster } from '../adapter.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

/** A moment with what was there: what a backup has. */
export interface Backup {
  moment: Moment;
  tables: TableDescriptor[];
  /** The rows of each table, by name, in an order of their own. */
  rows: Record<string, string[]>;
}

/** What became of one table between two backups. */
export interface TableStep {
  plan: TableChanges;
  changes: ReadChanges | null;
}

/** One database of a test server, in which something happens between backups. */
export class ChangesLab {
  readonly cluster: PostgresCluster;
  readonly database: string;
  readonly #server: TestServer;
  readonly #clients: pg.Client[] = [];

  private constructor(server: TestServer, database: string) {
    this.#server = server;
    this.database = database;
    this.cluster = new PostgresCluster(server.url, 'changes');
  }

  /** Makes the database; `sql` is run in it. Incremental backups are turned on unless `off`. */
  static async make(server: TestServer, database: string, sql: string, off = false): Promise<ChangesLab> {
    await server.exec('postgres', `CREATE DATABASE ${database}`);
    const lab = new ChangesLab(server, database);
    await lab.exec(sql);
    if (!off) await lab.cluster.meet('slot', database);
    return lab;
  }

  /** `server_version_num`. */
  get version(): number {
    return this.#server.version;
  }

  exec(sql: string): Promise<Record<string, unknown>[]> {
    return this.#server.exec(this.database, sql);
  }

  /** A session that stays. */
  async session(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#server.url.replace(/postgres$/, this.database) });
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  /** Reads everything at a new moment. */
  async backup(): Promise<Backup> {
    return this.#at((moment, tables) => this.#full(moment, tables));
  }

  /** Plans and reads what changed since the base, and sees to it that the base's rows become those of now. */
  async step(base: Backup): Promise<{ now: Backup; tables: Record<string, TableStep> }> {
    return this.#at(async (moment, tables) => {
      const now = await this.#full(moment, tables);
      const plans = await this.cluster.planChanges(base, tables, moment);
      const steps: Record<string, TableStep> = {};
      for (const [index, table] of tables.entries()) {
        const plan = plans[index];
        if (plan === undefined) throw new Error('no plan');
        const { name } = table.name;
        let changes: ReadChanges | null = null;
        if (plan.method !== 'whole') {
          changes = await readAllChanges(this.cluster, table, plan.method, base.moment, moment);
          const before = byKey(table, base.rows[name] ?? []);
          expect(sorted(applied(before, changes)), name).toEqual(now.rows[name]);
        }
        steps[name] = { plan, changes };
      }
      return { now, tables: steps };
    });
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.end();
    await this.cluster.close();
  }

  async #at<T>(work: (moment: Moment, tables: TableDescriptor[]) => Promise<T>): Promise<T> {
    const held: HeldMoment = await this.cluster.holdMoment([this.database], null, { from: null });
    try {
      const all = await describeAll(this.cluster, this.database, held.moment);
      return await work(
        held.moment,
        all.filter((object) => object.kind === 'table'),
      );
    } finally {
      await held.release();
    }
  }

  async #full(moment: Moment, tables: TableDescriptor[]): Promise<Backup> {
    const rows: Record<string, string[]> = {};
    for (const table of tables) {
      const keyed =
        table.rowKey === null ? { ...table, rowKey: table.columns.map(({ name }) => name) } : table;
      rows[table.name.name] = sorted(await rowsByKey(this.cluster, keyed, moment));
    }
    return { moment, tables, rows };
  }
}

function byKey(table: TableDescriptor, lines: readonly string[]): Map<string, string> {
  const columns = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  return new Map(
    lines.map((line) => {
      const values = line.split('\t');
      return [(table.rowKey ?? []).map((name) => values[columns.indexOf(name)]).join('\t'), line];
    }),
  );
}

/** A table of a hundred rows. */
export const TABLE = `CREATE TABLE t (id int8 PRIMARY KEY, v text);
  INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 100) n;`;

/** A server for a test file, and labs on it that are closed after each test. */
export function useLabs(): {
  make: (sql?: string, off?: boolean) => Promise<ChangesLab>;
  port: () => number;
} {
  let server: TestServer;
  let made = 0;
  const labs: ChangesLab[] = [];
  beforeAll(async () => {
    server = await startTestServer();
  }, 120_000);
  afterEach(async () => {
    for (const lab of labs.splice(0)) await lab.close();
  });
  afterAll(() => server.stop(), 60_000);
  return {
    port: () => server.port,
    async make(sql = TABLE, off = false) {
      const lab = await ChangesLab.make(server, `lab_${made++}`, sql, off);
      labs.push(lab);
      return lab;
    },
  };
}

/** How many rows and keys of deleted rows a step has for a table, or why the table is whole. */
export function sizes(step: TableStep | undefined): [rows: number, deleted: number] | string | null {
  if (step?.changes === null || step === undefined) return step?.plan.reason ?? null;
  return [step.changes.rows.size, step.changes.deleted.size];
}
