import type { Cluster } from './cluster.ts';
import type { ObjectName } from './names.ts';

/** A live cluster. */
export interface ReadingSubject {
  cluster: Cluster;
  /** How many sessions its adapters have open, as the cluster counts them. */
  sessions(): Promise<number>;
  /** Another adapter of the same cluster, to be closed by the test. */
  another(): Cluster;
  cleanup(): Promise<void>;
}

/** A live cluster that may be written to. */
export interface ConformanceSubject extends ReadingSubject {
  /** Runs SQL in a session of its own, past the adapter; answers the rows of the last statement. */
  exec(database: string, sql: string): Promise<Record<string, unknown>[]>;
}

/** What the suite's reading half goes by: it changes nothing by itself, so clusters that can't be changed run it too. */
export interface ReadingLab {
  readonly subject: ReadingSubject;
  readonly cluster: Cluster;
  /** A database with what FIXTURE makes and that many accounts; `ids` are theirs. */
  fixture(accounts?: number): Promise<{ database: string; ids: number[] }>;
  /** Changes rows of a database that FIXTURE made; where nothing can be changed, they change by themselves or never. */
  change(database: string): Promise<void>;
}

/** How many accounts FIXTURE makes. */
export const ACCOUNTS = 4000;

/** Some of everything that PostgreSQL and CockroachDB both have. Each nextval is a transaction of its own there: no thousands. */
export const FIXTURE = `
  CREATE TYPE mood AS ENUM ('glad', 'sad');
  CREATE SEQUENCE ticket START 100;
  CREATE TABLE customers (id INT8 PRIMARY KEY, name VARCHAR(40) NOT NULL, feeling mood);
  CREATE TABLE accounts (
    id INT8 PRIMARY KEY DEFAULT nextval('ticket'),
    customer INT8 NOT NULL,
    balance INT8 NOT NULL,
    note VARCHAR(200),
    CONSTRAINT accounts_customer FOREIGN KEY (customer) REFERENCES customers (id));
  CREATE INDEX accounts_by_balance ON accounts (balance);
  CREATE TABLE nothing (id INT8 PRIMARY KEY);
  CREATE VIEW rich AS SELECT id, customer FROM accounts WHERE balance > 100;
  CREATE VIEW richest AS SELECT id FROM rich;
  CREATE SCHEMA audit;
  CREATE TABLE audit.log (id INT8 PRIMARY KEY, what VARCHAR(40));
  INSERT INTO customers SELECT i, 'customer ' || i::text, 'glad' FROM generate_series(1, 100) AS g (i);
  INSERT INTO accounts (id, customer, balance, note)
    SELECT 99 + i, 1 + i % 100, 1000, 'a note that makes the row some bytes longer'
      FROM generate_series(1, ${ACCOUNTS}) AS g (i);
  SELECT setval('ticket', ${99 + ACCOUNTS});
  INSERT INTO audit.log VALUES (1, 'opened');`;

/** The subject of a suite, once it is open, with databases for its tests. */
export class Lab implements ReadingLab {
  #subject: ConformanceSubject | null = null;
  readonly #made: string[] = [];
  readonly #restore = '1';

  open(subject: ConformanceSubject): void {
    this.#subject = subject;
  }

  get subject(): ConformanceSubject {
    if (this.#subject === null) throw new Error('the subject is not open yet');
    return this.#subject;
  }

  get cluster(): Cluster {
    return this.subject.cluster;
  }

  /** Makes a database of a test's own. */
  async freshDatabase(sql = ''): Promise<string> {
    const name = this.databaseToCome();
    await this.cluster.createDatabase(name, this.#restore);
    await this.cluster.closeLedger(name, this.#restore);
    if (sql !== '') await this.subject.exec(name, sql);
    return name;
  }

  async fixture(accounts = ACCOUNTS): Promise<{ database: string; ids: number[] }> {
    const more = `INSERT INTO accounts (id, customer, balance, note)
      SELECT ${99 + ACCOUNTS} + i, 1, 1, repeat('x', 200) FROM generate_series(1, ${accounts - ACCOUNTS}) AS g (i);`;
    const database = await this.freshDatabase(accounts === ACCOUNTS ? FIXTURE : FIXTURE + more);
    const rows = await this.subject.exec(database, 'SELECT id FROM accounts');
    return { database, ids: rows.map((row) => Number(row.id)) };
  }

  async change(database: string): Promise<void> {
    await this.subject.exec(
      database,
      `UPDATE accounts SET balance = balance + 1 WHERE id % 2 = 0; DELETE FROM accounts WHERE id % 7 = 0;
       INSERT INTO accounts VALUES (1000000, 1, 0, 'new')`,
    );
  }

  /** A name for a database that a test makes itself. */
  databaseToCome(): string {
    const name = `conformance ${this.#made.length}`;
    this.#made.push(name);
    return name;
  }

  async close(): Promise<void> {
    try {
      for (const name of this.#made) {
        // Only a restore's own database is dropped, so each is made one again first.
        await this.cluster.openLedger(name, this.#restore).catch(() => undefined);
        await this.cluster.dropDatabase(name, this.#restore);
      }
    } finally {
      await this.subject.cleanup();
    }
  }
}

export function named(database: string, name: string, schema = 'public'): ObjectName {
  return { database, schema, name };
}
