import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A server of S3 for tests, in a process of its own; what it is made of is in server/.

/** What goes wrong with the next so many requests of an operation. */
export interface Fault {
  operation: string;
  /**
   * `busy`, `conflict`, `damaged`, `elsewhere`: a refusal, see faults.ts. `reset`: the connection, in the midst of the body. `stall`:
   * no answer, ever. `lost`: it is done, but the answer never arrives. `cut`: half of the answer's body. `hang`: half, and nothing more.
   */
  how: 'busy' | 'conflict' | 'damaged' | 'elsewhere' | 'reset' | 'stall' | 'lost' | 'cut' | 'hang';
  times: number;
  /** Seconds, with `busy`. */
  retryAfter?: number;
}

/** How the service behaves towards one bucket. */
export interface Behaviour {
  /** `If-None-Match: *`; older services ignore it, or answer 501. */
  conditional: 'honoured' | 'ignored' | 'refused';
  /** Headers of checksums; older services don't know them, or answer 400. */
  checksums: 'checked' | 'ignored' | 'refused';
  listsUploads: boolean;
  /** Rights that nobody has, such as `s3:DeleteObject`. */
  denied: string[];
  /** The only one that signatures are taken for; null: any. */
  region: string | null;
  clockOffMs: number;
  /** Refused as skewed also where the client goes by the service's clock. */
  alwaysSkewed: boolean;
  /** How many files a page of a listing has at most. */
  pageSize: number;
  /** What making an upload, a part or an object takes longer. */
  slowMs: number;
  faults: Fault[];
}

export const PLAIN: Behaviour = {
  conditional: 'honoured',
  checksums: 'checked',
  listsUploads: true,
  denied: [],
  region: null,
  clockOffMs: 0,
  alwaysSkewed: false,
  pageSize: 100,
  slowMs: 0,
  faults: [],
};

/** A request as it arrived, without its signature. */
export interface Seen {
  operation: string;
  bucket: string;
  key: string;
  headers: Record<string, string>;
  /** The client's end of the connection that it came by. */
  port: number;
}

export type Order =
  { what: 'behave'; bucket: string; behaviour: Behaviour } | { what: 'seen'; bucket: string };
export type Report = { what: 'listening'; port: number } | { what: 'done' } | { what: 'seen'; seen: Seen[] };

/** The keys that it knows; both may do everything. */
export const KEYS = { accessKeyId: 'HOLDFASTKEY', secretAccessKey: 'holdfast+secret/key=' };
export const TEMPORARY_KEYS = {
  accessKeyId: 'TEMPORARYKEY',
  secretAccessKey: 'temporary+secret/key=',
  sessionToken: 'session+token/of=temporary==',
};

/** Virtual-host names are `<bucket>.s3.holdfast.test`; whoever uses them looks them up as 127.0.0.1. */
export const VIRTUAL_HOST = 's3.holdfast.test';

export class S3Server {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #base: string;

  private constructor(child: ChildProcess, base: string, port: number) {
    this.#child = child;
    this.#base = base;
    this.port = port;
  }

  static async start(): Promise<S3Server> {
    const base = await mkdtemp(join(tmpdir(), 'holdfast-s3-'));
    const buckets = join(base, 'buckets');
    await mkdir(buckets);
    const child = fork(join(import.meta.dirname, 'server', 'server.fixture.ts'), [buckets], {
      execArgv: [],
    });
    const [report] = (await once(child, 'message')) as [Report];
    if (report.what !== 'listening') throw new Error('the server of S3 did not start');
    return new S3Server(child, base, report.port);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
    await rm(this.#base, { recursive: true, force: true });
  }

  /** A new bucket, empty. */
  async bucket(behaviour: Partial<Behaviour> = {}): Promise<string> {
    const bucket = `bucket-${randomUUID()}`;
    await mkdir(this.#directory(bucket));
    await this.behave(bucket, behaviour);
    return bucket;
  }

  async behave(bucket: string, behaviour: Partial<Behaviour>): Promise<void> {
    await this.#ask({ what: 'behave', bucket, behaviour: { ...PLAIN, ...behaviour } });
  }

  /** Every request about the bucket so far. */
  async seen(bucket: string): Promise<Seen[]> {
    const report = await this.#ask({ what: 'seen', bucket });
    return report.what === 'seen' ? report.seen : [];
  }

  /** The names of the operations that the bucket has seen so far. */
  async operations(bucket: string): Promise<string[]> {
    return (await this.seen(bucket)).map(({ operation }) => operation);
  }

  /** The keys of multipart uploads that are neither finished nor aborted. */
  async uploads(bucket: string): Promise<string[]> {
    const uploads = join(this.#directory(bucket), '._S3rver_uploads');
    const ids = await readdir(uploads).catch(() => []);
    return Promise.all(ids.map((id) => readFile(join(uploads, id, 'key'), 'utf8').catch(() => id)));
  }

  async remove(bucket: string): Promise<void> {
    await rm(this.#directory(bucket), { recursive: true, force: true });
  }

  #directory(bucket: string): string {
    return join(this.#base, 'buckets', bucket);
  }

  async #ask(order: Order): Promise<Report> {
    const answer = once(this.#child, 'message') as Promise<[Report]>;
    this.#child.send(order);
    return (await answer)[0];
  }
}
