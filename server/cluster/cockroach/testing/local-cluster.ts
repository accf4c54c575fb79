import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../embedded/free-port.ts';
import { environment } from './binary.ts';
import { type Certificates, createCertificates } from './certificates.ts';

/** Little, since tests have little data and three nodes share the machine. */
const MEMORY = ['--cache=128MiB', '--max-sql-memory=256MiB'];
const READY_MS = 120_000;
const REPLICATED_MS = 240_000;
const POLL_MS = 500;

interface LocalNode {
  /** From 1, as the cluster counts: nodes join one after the other. */
  id: number;
  port: number;
  httpPort: number;
  directory: string;
  child: ChildProcess | null;
}

export interface LocalClusterOptions {
  nodes: number;
  /** With certificates of its own, root's among them; otherwise anybody is let in. */
  secure: boolean;
}

/** A CockroachDB cluster, of three nodes unless told otherwise, in a directory of its own, on free ports of 127.0.0.1. */
export class LocalCluster {
  readonly #binary: string;
  readonly #certificates: Certificates | null;
  readonly #directory: string;
  readonly #nodes: LocalNode[];
  /** For a process that ends without stopping it: interrupted, or out of order. */
  readonly #killAll = (): void => {
    for (const { child } of this.#nodes) child?.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  };

  private constructor(
    binary: string,
    directory: string,
    nodes: LocalNode[],
    certificates: Certificates | null,
  ) {
    this.#binary = binary;
    this.#certificates = certificates;
    this.#directory = directory;
    this.#nodes = nodes;
  }

  /** Starts it; answers when every node serves SQL and every range has its replicas. */
  static async start(
    binary: string,
    { nodes: count = 3, secure = false }: Partial<LocalClusterOptions> = {},
  ): Promise<LocalCluster> {
    const directory = await mkdtemp(path.join(tmpdir(), 'holdfast-cockroach-'));
    const nodes: LocalNode[] = [];
    for (let id = 1; id <= count; id++)
      nodes.push({
        id,
        port: await freePort(),
        httpPort: await freePort(),
        directory: path.join(directory, `node${id}`),
        child: null,
      });
    const certificates = secure ? await createCertificates(binary, path.join(directory, 'certs')) : null;
    const cluster = new LocalCluster(binary, directory, nodes, certificates);
    process.once('exit', cluster.#killAll);
    try {
      await cluster.#bootstrap();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Of node 1, user root, database defaultdb. */
  get url(): string {
    const address = this.#address(this.#node(1));
    return `postgresql://root@${address}/defaultdb?${this.#certificates?.parameters ?? 'sslmode=disable'}`;
  }

  /** The file of the authority that the nodes' certificates are of; null where there are none. */
  get authority(): string | null {
    return this.#certificates && path.join(this.#certificates.directory, 'ca.crt');
  }

  /** host:port of each node's SQL, in the order of their ids. */
  get addresses(): string[] {
    return this.#nodes.map((node) => this.#address(node));
  }

  /** `kill -9`. Answers when the process is gone. */
  async kill(id: number): Promise<void> {
    const node = this.#node(id);
    const { child } = node;
    node.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Starts a node that was killed; answers when it serves SQL again. */
  async restart(id: number): Promise<void> {
    const node = this.#node(id);
    if (node.child !== null) return;
    this.#launch(node);
    await this.#serves(node);
  }

  /** Kills all nodes and removes their directories. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ id }) => this.kill(id)));
    process.off('exit', this.#killAll);
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }

  async #bootstrap(): Promise<void> {
    const [first, ...others] = this.#nodes;
    if (first === undefined) throw new Error('a cluster has nodes');
    this.#launch(first);
    await this.#initialise(first);
    await this.#serves(first);
    // One after the other, so that their ids are those that we call them by.
    for (const node of others) {
      this.#launch(node);
      await this.#serves(node);
    }
    await this.#replicated(first);
  }

  #launch(node: LocalNode): void {
    const join = this.#nodes.map((other) => this.#address(other)).join(',');
    const child = spawn(
      this.#binary,
      [
        'start',
        this.#security,
        `--join=${join}`,
        `--listen-addr=${this.#address(node)}`,
        `--http-addr=127.0.0.1:${node.httpPort}`,
        `--store=${node.directory}`,
        `--locality=region=local,zone=z${node.id}`,
        ...MEMORY,
      ],
      {
        stdio: 'ignore',
        env: {
          ...environment(),
          COCKROACH_SKIP_ENABLING_DIAGNOSTIC_REPORTING: 'true',
          // Between one range and the next that the node looks at, also for garbage: else all of them take minutes.
          COCKROACH_SCAN_MAX_IDLE_TIME: '100ms',
        },
      },
    );
    child.on('error', () => undefined);
    node.child = child;
  }

  async #initialise(node: LocalNode): Promise<void> {
    await until(READY_MS, 'the cluster can not be initialised', async () => {
      this.#assertRuns(node);
      const init = spawn(this.#binary, ['init', this.#security, `--host=${this.#address(node)}`], {
        stdio: 'ignore',
        env: environment(),
      });
      const [code] = (await once(init, 'exit')) as [number | null];
      return code === 0;
    });
  }

  async #serves(node: LocalNode): Promise<void> {
    await until(READY_MS, `node ${node.id} does not serve SQL`, async () => {
      this.#assertRuns(node);
      return (await this.#ask(node, 'SELECT 1')) !== null;
    });
  }

  async #replicated(node: LocalNode): Promise<void> {
    await until(REPLICATED_MS, 'ranges lack replicas', async () => {
      const rows = await this.#ask(
        node,
        `SELECT count(*) AS n FROM crdb_internal.ranges_no_leases WHERE array_length(replicas, 1) < ${Math.min(this.#nodes.length, 3)}`,
      );
      return Number(rows?.[0]?.['n'] ?? 1) === 0;
    });
  }

  /** Null where the node does not answer. */
  async #ask(node: LocalNode, sql: string): Promise<Record<string, unknown>[] | null> {
    const client = new pg.Client({
      connectionString: this.url.replace(this.#address(this.#node(1)), this.#address(node)),
      connectionTimeoutMillis: 5_000,
      query_timeout: 20_000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } catch {
      return null;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  get #security(): string {
    return this.#certificates === null ? '--insecure' : `--certs-dir=${this.#certificates.directory}`;
  }

  #assertRuns(node: LocalNode): void {
    if (node.child?.pid === undefined || node.child.exitCode !== null)
      throw new Error(`node ${node.id} of ${this.#binary} has ended; its log was in ${node.directory}/logs`);
  }

  #node(id: number): LocalNode {
    const node = this.#nodes[id - 1];
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  #address(node: LocalNode): string {
    return `127.0.0.1:${node.port}`;
  }
}

/** Asks until the answer is yes. */
async function until(milliseconds: number, otherwise: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`${otherwise}, after ${milliseconds / 1000} s`);
    await sleep(POLL_MS);
  }
}
