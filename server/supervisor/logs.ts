import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const ROTATE_BYTES = 10 * 1024 * 1024;
/** pino's level for warnings: https://getpino.io/#/docs/api?id=levels */
const WARN = 40;

const lineSchema = z.object({
  level: z.number(),
  msg: z.string().optional(),
  err: z.object({ message: z.string().optional() }).optional(),
});

/** Where `<data>/logs/<name>.log` is; the one of earlier starts goes to `.log.1` when it has grown past 10 MB. */
export async function rotatedLog(dataDir: string, name: string): Promise<string> {
  const file = path.join(dataDir, 'logs', `${name}.log`);
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > ROTATE_BYTES) await rename(file, `${file}.1`);
  return file;
}

/** Opens a log to append to. A log that can't be written (a full disk) doesn't stop what it is about. */
export function openLog(file: string, onError: (error: Error) => void): WriteStream {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o640 });
  stream.once('error', onError);
  stream.on('error', () => undefined);
  return stream;
}

/**
 * Copies what a child prints to its log, and hands warnings and errors to `show`, readable. So it does with what
 * isn't JSON, a crash, if it is `stderr`: on the other, libraries chat.
 */
export function followOutput(
  output: Readable,
  kind: 'stdout' | 'stderr',
  log: WriteStream,
  show: (line: string) => void,
): void {
  createInterface({ input: output, crlfDelay: Infinity }).on('line', (line) => {
    if (line.trim() === '') return;
    if (!log.destroyed) log.write(`${line}\n`);
    const readable = forPeople(line, kind);
    if (readable !== null) show(readable);
  });
}

/** What people are shown of a line; null for what they aren't bothered with. */
export function forPeople(line: string, kind: 'stdout' | 'stderr'): string | null {
  const unknown = kind === 'stderr' ? line : null;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return unknown;
  }
  const parsed = lineSchema.safeParse(json);
  if (!parsed.success) return unknown;
  const { level, msg, err } = parsed.data;
  if (level < WARN) return null;
  const parts = [msg, err?.message === msg ? undefined : err?.message].filter((part) => part !== undefined);
  return `${level > WARN ? 'error' : 'warning'}: ${parts.join(': ') || line}`;
}
