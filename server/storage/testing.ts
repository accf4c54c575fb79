import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { StoreError, type Store, type StoreErrorCode } from './store.ts';

// What tests of stores need; the suite itself is conformance.ts.

const MIB = 1024 * 1024;

export function textBody(text: string): Readable {
  return Readable.from([Buffer.from(text)]);
}

export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Every file as `name bytes`, sorted. */
export async function listed(store: Store, prefix = ''): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, bytes } of store.list(prefix)) files.push(`${name} ${bytes}`);
  return files.sort();
}

/** The code of the StoreError that it fails with; any other error is thrown on. */
export async function codeOf(work: Promise<unknown>): Promise<StoreErrorCode | 'no error'> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
}

/** The text in three or so chunks, with pauses. */
export function slowBody(text: string): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let offset = 0; offset < text.length; offset += 100_000) {
      await sleep(1);
      yield Buffer.from(text.slice(offset, offset + 100_000));
    }
  }
  return Readable.from(chunks());
}

/** One MiB that differs from every other. */
export function pattern(index: number): Buffer {
  const chunk = Buffer.alloc(MIB, `${index} `);
  chunk.writeUInt32LE(index, 0);
  return chunk;
}

/** Watches what buffers are alive (garbage doesn't count) while a stream runs. */
export class MemoryWatch {
  peak = 0;
  readonly #collect: () => void;
  readonly #before: number;
  #next = 0;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as () => void;
    this.#collect();
    this.#before = process.memoryUsage().arrayBuffers;
  }

  /** Looks every 8 MiB. */
  sample(position: number): void {
    if (position < this.#next && position !== 0) return;
    this.#next = position + 8 * MIB;
    this.#collect();
    this.peak = Math.max(this.peak, process.memoryUsage().arrayBuffers - this.#before);
  }
}

/**
 * A process that is short of memory: garbage is looked for more often. With V8's own limits, buffers of what was read count only
 * after some 64 MiB of them.
 */
const THRIFTY = ['--max-semi-space-size=1', '--max-old-space-size=64'];
const LARGE = join(import.meta.dirname, 'large.fixture.ts');

/** What a process of its own made of a large file: sent and read back; and how much memory it took in all. */
export async function largeInProcess(
  url: string,
  externDir: string,
  mib: number,
): Promise<{ bytes: number; equal: boolean; peakMib: number }> {
  const child = spawn(process.execPath, [...THRIFTY, LARGE, 'both', url, externDir, String(mib)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await Promise.all([textOf(child.stdout), once(child, 'close')]);
  return JSON.parse(text) as { bytes: number; equal: boolean; peakMib: number };
}

/** A process that is killed in the middle of writing a large file. */
export async function killedWriter(url: string, externDir: string, name: string): Promise<void> {
  const child = spawn(process.execPath, [LARGE, 'hang', url, externDir, '40', name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It says so once all but the end is on its way.
  await once(child.stdout, 'data');
  await sleep(500);
  child.kill('SIGKILL');
  await once(child, 'close');
}
